"""The figures of what is there and what is held."""

from ..figures import Results, progress
from ..programs import Programs
from . import unheld


def measure(programs: Programs, results: Results) -> None:
    progress("presence: an hour of a cluster of three runtimes, and a list whose entries are renamed on 200 nodes")
    for name, value in programs.planned("presence"):
        results.give(name, value)
    unheld.measure(programs, results)
