"""Which functions a program calls, by breakpoints that Benchmarks/order/calls.c puts into it."""

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

    def __init__(self, workshop: Workshop, program: Path, linked: bool):
        """`linked`: calls.c is in the program; else it's loaded into it."""
        self._names = _functions(program)
        # The C library calls some of its own with all signals blocked, those of breakpoints too.
        if linked:
            library = _standard_library()
            self._names = {address: name for address, name in self._names.items() if name not in library}
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

    def called(self) -> list[str]:
        """Names of those that were called by any run of the program until now, sorted."""
        found: set[str] = set()
        for file in self._folder.glob("calls.*[0-9]"):
            content = array("Q", file.read_bytes())
            found.update(self._names[address] for address in content[1:1 + content[0]])
        return sorted(found)


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


def _standard_library() -> set[str]:
    """The names of all functions of the static C library."""
    path = subprocess.run(
        ["cc", "-print-file-name=libc.a"], check=True, capture_output=True, text=True).stdout.strip()
    table = subprocess.run(
        ["nm", "--defined-only", "--format=posix", path], check=True, capture_output=True, text=True).stdout
    return {line.split()[0] for line in table.splitlines() if len(line.split()) > 1 and line.split()[1] in "TtWwiVv"}
