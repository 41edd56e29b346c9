"""mixed_idle_replacements, mixed_idle_requests_over_due, rename_replacements: in virtual time."""

from ..figures import Results, progress
from ..programs import Programs


def measure(programs: Programs, results: Results) -> None:
    progress("presence: an hour of a cluster of three runtimes, and a list whose entries are renamed on 200 nodes")
    for name, value in programs.planned("presence"):
        results.give(name, value)
