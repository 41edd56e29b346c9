"""Which functions a coordinator calls that has little to do, for scripts/coordinator-order."""

import subprocess
import time
from array import array
from pathlib import Path

from bench.figures import progress
from bench.workshop import Workshop

from .stage import Stage


def functions(program: Path) -> dict[int, str]:
    """Its functions by address: a name of each."""
    names: dict[int, str] = {}
    table = subprocess.run(["readelf", "--syms", "--wide", program], check=True, capture_output=True, text=True).stdout
    for line in table.splitlines():
        columns = line.split()
        if len(columns) == 8 and columns[3] == "FUNC" and columns[6] != "UND" and columns[2] != "0":
            address, name = int(columns[1], 16), columns[7]
            names[address] = min(name, names.get(address, name))
    return names


def called(coordinator: Path, simulator: Path, nodes: int, images: int, seconds: float) -> list[str]:
    """Names of what is called by starts with an empty history and with one, with a few agents, and with some questions."""
    with Workshop() as workshop:
        names = functions(coordinator)
        addresses = workshop.write("functions", "".join(f"{address:x}\n" for address in names))
        library = workshop.folder / "calls.so"
        subprocess.run(
            ["cc", "-Wall", "-O1", "-shared", "-fPIC", "-o", library, Path(__file__).with_name("calls.c")], check=True)
        program = workshop.write(
            "coordinator",
            f"#!/bin/sh\nexec env LD_PRELOAD={library} CALLS_FUNCTIONS={addresses} "
            f'CALLS_OUTPUT={workshop.folder}/calls.$$ {coordinator} "$@"\n')
        program.chmod(0o755)
        stage = Stage(workshop, program, simulator, nodes, images, options=("--leader-elect",))
        stage.restart()
        stage.bring_agents()
        stage.until_settled(300)
        # As probes and Prometheus do it.
        api = stage.api()
        for path in ("/healthz", "/readyz", "/metrics", "/api/v1/coverage"):
            api.read(path)
        time.sleep(seconds)
        stage.process.check()
        found: set[str] = set()
        for file in workshop.folder.glob("calls.*[0-9]"):
            content = array("Q", file.read_bytes())
            found.update(names[address] for address in content[1:1 + content[0]])
        progress(f"{len(found)} of {len(names)} functions are called")
        return sorted(found)
