"""The figures of a roll-out."""

from ..figures import Results
from ..programs import Programs
from . import late_answers


def measure(programs: Programs, results: Results) -> None:
    late_answers.measure(programs, results)
