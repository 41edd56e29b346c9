"""Which functions a program calls, by breakpoints that Benchmarks/order/calls.c puts into it."""

import os
import signal
import subprocess
from array import array
from pathlib import Path

from bench.workshop import Workshop

_SOURCE = Path(__file__).with_name("calls.c")
# What both a library and an object file are compiled with.
_COMPILER = ("cc", "-Wall", "-Wextra", "-Werror", "-O1")


def compile_object(target: Path) -> None:
    """For a program without shared libraries: to be linked into it."""
    subprocess.run([*_COMPILER, "-c", "-o", target, _SOURCE], check=True)


class Calls:
    """A program whose calls are noted: `program` starts it in its place."""

    def __init__(self, workshop: Workshop, program: Path, linked: Path | None = None):
        """`linked`: what is linked to the program; else calls.c is loaded into it."""
        self._names = _functions(program)
        if linked:
            # The C library calls some of its own with all signals blocked, those of breakpoints too.
            others = _defined(_static_library()) | _defined(linked)
            self._names = {address: name for address, name in self._names.items() if name not in others}
        addresses = workshop.write("functions", "".join(f"{address:x}\n" for address in self._names))
        preload = ""
        if not linked:
            library = workshop.folder / "calls.so"
            subprocess.run([*_COMPILER, "-shared", "-fPIC", "-o", library, _SOURCE], check=True)
            preload = f"LD_PRELOAD={library} "
        self._folder = workshop.folder
        self.program = workshop.write(
            program.name,
            f"#!/bin/sh\nexec env {preload}CALLS_FUNCTIONS={addresses} "
            f'CALLS_OUTPUT={workshop.folder}/calls.$$ {program} "$@"\n')
        self.program.chmod(0o755)

    @property
    def functions(self) -> int:
        """How many functions the program has that calls are noted of."""
        return len(self._names)

    def settled(self, pid: int) -> None:
        """From now on its calls are those that this process goes on making. Other runs must have ended."""
        os.kill(pid, signal.SIGUSR2)

    def called(self) -> list[str]:
        """Names of what was called by any run of the program until now: first what was called since it settled."""
        former: set[str] = set()
        since: set[str] = set()
        for file in self._folder.glob("calls.*[0-9]"):
            count, before, *content = array("Q", file.read_bytes())
            names = [self._names[address] for address in content[:count]]
            former.update(names[:before] if before else names)
            since.update(names[before:] if before else ())
        return sorted(since) + sorted(former - since)


def _functions(program: Path) -> dict[int, str]:
    """Its functions by address: a name of each."""
    names: dict[int, str] = {}
    table = subprocess.run(["readelf", "--syms", "--wide", program], check=True, capture_output=True, text=True).stdout
    for line in table.splitlines():
        columns = line.split()
        if len(columns) == 8 and columns[3] == "FUNC" and columns[6] != "UND" and columns[2] != "0":
            address, name = int(columns[1], 16), columns[7]
            names[address] = min(name, names.get(address, name))
    return names


def _static_library() -> Path:
    """The C library that is in programs without shared libraries."""
    return Path(subprocess.run(
        ["cc", "-print-file-name=libc.a"], check=True, capture_output=True, text=True).stdout.strip())


def _defined(file: Path) -> set[str]:
    """The names of all functions of an object file or of a static library."""
    table = subprocess.run(
        ["nm", "--defined-only", "--format=posix", file], check=True, capture_output=True, text=True).stdout
    return {fields[0] for line in table.splitlines() if len(fields := line.split()) > 1 and fields[1] in "TtWwVvi"}
