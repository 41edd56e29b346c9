"""cold_start_over_cri."""

import statistics
import subprocess
import time

from .. import agent
from ..cluster import Cluster
from ..figures import Results, progress
from ..programs import Programs
from ..registry import Registry
from ..runtime import Containerd, drop_caches
from ..workshop import Workshop

IMAGES = 4
IMAGE_BYTES = 12_000_000
ROUNDS = 5


def measure(programs: Programs, results: Results) -> None:
    with Workshop() as workshop:
        registry = Registry(workshop)
        progress(f"cold start: {IMAGES} images of {IMAGE_BYTES / 1e6:.0f} MB")
        images = {f"image-{n}": registry.push(f"image-{n}:1", IMAGE_BYTES) for n in range(IMAGES)}
        base = {"base": registry.push("base:1", 16 << 10)}
        runtime = Containerd(workshop, registry.host)
        cluster = Cluster(workshop, programs, registry.push("image-puller:bench", 16 << 10))
        agent.start(workshop, programs.stripped_agent(workshop), cluster, runtime)
        ratios = []
        for number in range(ROUNDS):
            _settle(cluster, runtime, base, images)
            if number % 2 == 0:
                bare, ours = _pull_bare(programs, cluster, runtime, base, images), _cold_start(cluster, base, images)
            else:
                ours, bare = _cold_start(cluster, base, images), None
                _settle(cluster, runtime, base, images)
                bare = _pull_bare(programs, cluster, runtime, base, images)
            ratios.append(ours / bare)
            progress(f"cold start: {ours:.2f} s, bare CRI pulls {bare:.2f} s, ratio {ours / bare:.2f}")
        # The machine isn't alone; the median of the rounds is the one that says least about its other work.
        results.give("cold_start_over_cri", statistics.median(ratios))


def _settle(cluster: Cluster, runtime: Containerd, base: dict[str, str], images: dict[str, str]) -> None:
    """None of the images wanted or there, caches cold."""
    cluster.edit(base)
    cluster.await_state("the first image alone is present", lambda: cluster.present(set(base)))
    runtime.remove(runtime.names_of(list(images.values())))
    # The agent has listed since, so that its next listing is due at the same time in each round.
    time.sleep(11)
    drop_caches()


def _pull_bare(
    programs: Programs, cluster: Cluster, runtime: Containerd, base: dict[str, str], images: dict[str, str]
) -> float:
    """One by one, by nothing but CRI calls, then removed again; seconds."""
    output = subprocess.run(
        [programs.cri_pull, runtime.socket, *images.values()], capture_output=True, text=True, check=True).stdout
    _settle(cluster, runtime, base, images)
    return sum(float(line.split()[1]) for line in output.splitlines()) / 1000


def _cold_start(cluster: Cluster, base: dict[str, str], images: dict[str, str]) -> float:
    """From the edit being sent until coverage shows all images; seconds."""
    start = time.monotonic()
    cluster.edit(base | images)
    cluster.await_state("all images are present", lambda: cluster.present(set(images)), seconds=120)
    return time.monotonic() - start
