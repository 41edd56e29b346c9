"""Which functions a coordinator calls that has little to do, for scripts/coordinator-order."""

import time
from pathlib import Path

from bench.figures import progress
from bench.programs import Servers
from bench.workshop import Workshop
from crowd.stage import Stage

from .calls import Calls

NODES, IMAGES = 3, 5
# Until everything that is done each minute has been done.
SECONDS = 90


def called(servers: Servers) -> list[str]:
    """Names of what is called by starts with an empty history and with one, with a few agents, and with some questions."""
    with Workshop() as workshop:
        calls = Calls(workshop, servers.coordinator, linked=False)
        stage = Stage(workshop, calls.program, servers.simulator, NODES, IMAGES, options=("--leader-elect",))
        stage.restart()
        stage.bring_agents()
        stage.until_settled(300)
        # As probes and Prometheus do it.
        api = stage.api()
        for path in ("/healthz", "/readyz", "/metrics", "/api/v1/coverage"):
            api.read(path)
        time.sleep(SECONDS)
        stage.process.check()
        found = calls.called()
        progress(f"{len(found)} of {calls.functions} functions are called")
        return found
