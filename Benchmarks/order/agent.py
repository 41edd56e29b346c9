"""Which functions an agent calls, for scripts/agent-order."""

import time
from pathlib import Path

from bench import agent
from bench.cluster import Cluster
from bench.figures import progress
from bench.programs import Servers
from bench.registry import Registry
from bench.runtime import Containerd
from bench.workshop import Workshop

from .calls import Calls

IMAGES = 20
# So that what came with the pulls is over.
SETTLE_SECONDS = 30
# Some reports without news, and listings of an idle runtime.
SECONDS = 60


def called(program: Path, linked: Path, servers: Servers) -> list[str]:
    """Names of what is called by a start, by pulls, one of which fails, and by an idle minute."""
    with Workshop() as workshop:
        calls = Calls(workshop, program, linked)
        registry = Registry(workshop)
        images = {f"image-{number}": registry.push(f"image-{number}:1", 16 << 10) for number in range(IMAGES)}
        runtime = Containerd(workshop, registry.host)
        cluster = Cluster(workshop, servers, registry.push("image-puller:bench", 16 << 10))
        process = agent.start(workshop, calls.program, cluster, runtime)
        cluster.edit(images | {"absent": f"{registry.host}/absent:1"})
        cluster.await_state("all images are present", lambda: cluster.present(set(images)), seconds=300)
        time.sleep(SETTLE_SECONDS)
        calls.settled(process.pid)
        time.sleep(SECONDS)
        process.check()
        found = calls.called()
        progress(f"{len(found)} of {calls.functions} functions are called")
        return found
