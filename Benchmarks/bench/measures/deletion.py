"""deletion_to_reported_s, deletion_to_present_s."""

import random
import time

from .. import agent
from ..cluster import Cluster
from ..figures import Results, progress
from ..programs import Programs
from ..registry import Registry
from ..runtime import Containerd
from ..workshop import Workshop

DELETIONS = 10
# The default report interval, in seconds: a deletion may come at any moment of it.
INTERVAL = 10


def measure(programs: Programs, results: Results) -> None:
    with Workshop() as workshop:
        registry = Registry(workshop)
        images = {f"image-{n}": registry.push(f"image-{n}:1", 100_000) for n in range(4)}
        runtime = Containerd(workshop, registry.host)
        cluster = Cluster(workshop, programs, registry.push("image-puller:bench", 16 << 10))
        agent.start(workshop, programs.stripped_agent(workshop), cluster, runtime)
        cluster.edit(images)
        cluster.await_state("all images are present", lambda: cluster.present(set(images)), seconds=120)
        reported, present = [], []
        progress(f"deletion: {DELETIONS} at random moments of the report interval")
        for _ in range(DELETIONS):
            time.sleep(random.uniform(0.5, 0.5 + INTERVAL))
            name = random.choice(list(images))
            noticed, back = _delete(cluster, runtime, name, images[name])
            reported.append(noticed)
            present.append(back)
            progress(f"deletion: reported after {noticed:.2f} s, present {back:.2f} s later")
        results.give("deletion_to_reported_s", max(reported))
        results.give("deletion_to_present_s", max(present))


def _delete(cluster: Cluster, runtime: Containerd, name: str, reference: str) -> tuple[float, float]:
    """Seconds from the deletion until coverage shows it, and from then until the image is present again."""
    removal = runtime.removal(runtime.names_of([reference]))
    start = time.monotonic()
    removal.start()
    # An agent that looks at this very moment may have it back before anybody can see that it was away.
    cluster.await_state(
        f"the deletion of {name} is reported",
        lambda: not cluster.present({name}) or (removal.is_over() and reference in runtime.names()))
    noticed = time.monotonic()
    cluster.await_state(f"{name} is present again", lambda: cluster.present({name}))
    back = time.monotonic()
    removal.finish()
    return noticed - start, back - noticed
