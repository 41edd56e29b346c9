"""messages_right_percent: of reported error messages, how many get the reason that their reporters found."""

import json
import subprocess
from pathlib import Path

from ..figures import Results, progress
from ..programs import Programs

REPORTED = Path(__file__).parents[3] / "Tests/FailuresTests/Messages/reported.tsv"


def measure(programs: Programs, results: Results) -> None:
    lines = [line.split("\t") for line in REPORTED.read_text().splitlines()[1:]]
    progress(f"messages: {len(lines)} of public reports")
    answers = subprocess.run(
        [programs.coordinator, "explain", "--file", "-", "--output", "json"],
        input="\n".join(message for *_, message in lines) + "\n", stdout=subprocess.PIPE, text=True, check=True)
    reasons = [json.loads(answer)["reason"] for answer in answers.stdout.splitlines()]
    if len(reasons) != len(lines):
        raise RuntimeError(f"{len(lines)} messages got {len(reasons)} answers")
    right = sum(reason in known.split("|") for (known, *_), reason in zip(lines, reasons))
    results.give("messages_right_percent", 100 * right / len(lines))
