"""The programs that are measured, and those that measuring needs."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from .workshop import Workshop


@dataclass(frozen=True)
class Programs:
    """Where the built programs are."""

    agent: Path
    coordinator: Path
    simulator: Path
    sleep: Path
    cri_pull: Path
    planner_bench: Path

    def stripped_agent(self, workshop: Workshop) -> Path:
        """The agent as it's shipped: without symbols."""
        target = workshop.folder / "node-agent"
        subprocess.run(["strip", "-o", target, self.agent], check=True)
        return target
