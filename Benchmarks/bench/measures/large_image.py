"""large_over_bare."""

import statistics
import subprocess
import time

from .. import agent
from ..cluster import Cluster
from ..figures import Results, progress
from ..programs import Programs
from ..registry import Registry
from ..runtime import Containerd
from ..slow_line import SlowLine
from ..workshop import Workshop

NODES = 2
LAYERS = 4
LAYER_BYTES = 50_000_000
# The registry's line is shared by the nodes, as in a small cluster: 500 Mbit/s.
BYTES_PER_SECOND = 62_500_000
ROUNDS = 3
PATIENCE_SECONDS = 300


def measure(programs: Programs, results: Results) -> None:
    ratios = []
    for number in range(ROUNDS):
        # In turns, since the machine isn't alone.
        if number % 2 == 0:
            bare = _seconds(programs, is_bare=True)
            ours = _seconds(programs, is_bare=False)
        else:
            ours = _seconds(programs, is_bare=False)
            bare = _seconds(programs, is_bare=True)
        ratios.append(ours / bare)
        progress(f"large image: {ours:.2f} s, bare CRI pulls at once {bare:.2f} s, ratio {ours / bare:.2f}")
    results.give("large_over_bare", statistics.median(ratios))


def _seconds(programs: Programs, is_bare: bool) -> float:
    """One image of 200 MB onto two nodes that have nothing of it: by nothing but CRI calls, or from the edit until coverage
    shows it on both."""
    with Workshop() as workshop:
        registry = Registry(workshop)
        line = SlowLine(registry, BYTES_PER_SECOND)
        workshop.at_end(line.close)
        registry.push("large:1", LAYER_BYTES, layers=LAYERS)
        registry.push("base:1", 16 << 10)
        large, base = f"{line.host}/large:1", f"{line.host}/base:1"
        runtimes = [Containerd(workshop, line.host, name=f"containerd-{number}") for number in range(NODES)]
        if is_bare:
            start = time.monotonic()
            pulls = [
                subprocess.Popen([programs.cri_pull, runtime.socket, large], stdout=subprocess.DEVNULL)
                for runtime in runtimes]
            if any(pull.wait(PATIENCE_SECONDS) != 0 for pull in pulls):
                raise RuntimeError("a bare CRI pull failed")
            return time.monotonic() - start
        cluster = Cluster(workshop, programs, registry.push("image-puller:bench", 16 << 10), nodes=NODES)
        stripped = programs.stripped_agent(workshop)
        for number, runtime in enumerate(runtimes):
            agent.start(workshop, stripped, cluster, runtime, node=f"node-{number + 1}")
        cluster.edit({"base": base})
        cluster.await_state("the first image is present", lambda: cluster.present({"base"}), seconds=PATIENCE_SECONDS)
        # What the edit set off has come to rest, and the agents are in their long polls.
        time.sleep(5)
        start = time.monotonic()
        cluster.edit({"base": base, "large": large})
        cluster.await_state(
            "the large image is present", lambda: cluster.present({"large"}), seconds=PATIENCE_SECONDS)
        return time.monotonic() - start
