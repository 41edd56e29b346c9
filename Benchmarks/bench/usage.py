"""What a process uses, as the kernel counts."""

import os
from pathlib import Path


def memory(pid: int) -> dict[str, int]:
    """The sums of a process' mappings, in bytes, by the names of smaps_rollup."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {name: int(value.split()[0]) * 1024 for name, value in (line.split(":") for line in lines)}


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads, ended ones included."""
    # After the program's name, which may hold anything, come state (3), ... utime (14) and stime (15).
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
