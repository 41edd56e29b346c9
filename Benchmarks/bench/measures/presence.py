"""mixed_idle_replacements, mixed_idle_requests_over_due, rename_replacements: in virtual time."""

import subprocess

from ..figures import Results, progress
from ..programs import Programs


def measure(programs: Programs, results: Results) -> None:
    progress("presence: an hour of a cluster of three runtimes, and a list whose entries are renamed on 200 nodes")
    answer = subprocess.run([programs.planner_bench, "presence"], stdout=subprocess.PIPE, text=True, check=True)
    for line in answer.stdout.splitlines():
        name, value, _ = line.split()
        results.give(name, float(value))
