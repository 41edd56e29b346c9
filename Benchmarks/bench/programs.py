"""The programs that are measured, and those that measuring needs."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .workshop import Workshop


@dataclass(frozen=True)
class Servers:
    """Where the programs of a simulated cluster are."""

    coordinator: Path
    simulator: Path


@dataclass(frozen=True)
class Programs(Servers):
    """Where the built programs are."""

    agent: Path
    sleep: Path
    cri_pull: Path
    planner_bench: Path
    history_bench: Path

    def planned(self, *groups: str) -> Iterator[tuple[str, float]]:
        """Figures of the planner alone, in virtual time: see Benchmarks/Planner."""
        yield from _figures(self.planner_bench, groups)

    def reported(self, *groups: str) -> Iterator[tuple[str, float]]:
        """Figures of reports over a fleet in memory: see Benchmarks/History."""
        yield from _figures(self.history_bench, groups)

    def stripped_agent(self, workshop: Workshop) -> Path:
        """The agent as it's shipped: without symbols."""
        target = workshop.folder / "node-agent"
        subprocess.run(["strip", "-o", target, self.agent], check=True)
        return target


def _figures(program: Path, groups: tuple[str, ...]) -> Iterator[tuple[str, float]]:
    lines = subprocess.run([program, *groups], stdout=subprocess.PIPE, text=True, check=True).stdout
    for line in lines.splitlines():
        name, value, _ = line.split()
        yield name, float(value)
