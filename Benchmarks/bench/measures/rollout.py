"""The figures of a roll-out."""

import subprocess
from collections.abc import Callable

from ..figures import FIGURES, Results, progress
from ..programs import Programs
from . import edit_to_held, large_image, late_answers


def measure(programs: Programs, results: Results) -> None:
    parts: list[Callable[[Programs, Results], None]] = [
        _plan, edit_to_held.measure, large_image.measure, late_answers.measure]
    failed: list[str] = []
    for part in parts:
        try:
            part(programs, results)
        except Exception as error:  # the other figures are worth having all the same
            failed.append(str(error))
            progress(f"error: {error}")
    if failed:
        raise RuntimeError("; ".join(failed))


def _plan(programs: Programs, results: Results) -> None:
    """What is decided by the planner alone, in virtual time: see Benchmarks/Planner."""
    progress("bad and late references, and random roll-outs, in virtual time")
    groups = ("bad-reference", "late-reference", "roll-outs")
    lines = subprocess.run([programs.planner_bench, *groups], stdout=subprocess.PIPE, text=True, check=True).stdout
    for name, value, _ in (line.split() for line in lines.splitlines()):
        if name in FIGURES:
            results.give(name, float(value))
