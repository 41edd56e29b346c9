"""Which functions a coordinator calls that has little to do, for scripts/coordinator-order."""

import time
from pathlib import Path

from bench.figures import progress
from bench.programs import Servers
from bench.workshop import Workshop
from crowd.stage import Stage

from .calls import Calls

NODES, IMAGES = 3, 5
# So that what came with the start is over.
SETTLE_SECONDS = 30
# Until everything that is done each minute has been done.
SECONDS = 90


def called(servers: Servers) -> list[str]:
    """Names of what is called by starts with an empty history and with one, with a few agents, and with some questions."""
    with Workshop() as workshop:
        calls = Calls(workshop, servers.coordinator)
        stage = Stage(workshop, calls.program, servers.simulator, NODES, IMAGES, options=("--leader-elect",))
        stage.restart()
        stage.bring_agents()
        stage.until_settled(300)
        time.sleep(SETTLE_SECONDS)
        calls.settled(stage.process.pid)
        api = stage.api()
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            # As probes and Prometheus do it.
            for path in ("/healthz", "/readyz", "/metrics", "/api/v1/coverage"):
                api.read(path)
            time.sleep(10)
        stage.process.check()
        found = calls.called()
        progress(f"{len(found)} of {calls.functions} functions are called")
        return found
