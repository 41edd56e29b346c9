"""The figures of a roll-out."""

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
    progress("bad and late references, and random roll-outs, in virtual time")
    for name, value in programs.planned("bad-reference", "late-reference", "roll-outs"):
        if name in FIGURES:
            results.give(name, value)
