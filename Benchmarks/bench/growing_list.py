"""A list that grows by one image at a time, in a simulated cluster with real agents that is at rest before each."""

import json
import time
from collections.abc import Callable, Iterator

from .cluster import Cluster
from .programs import Programs
from .workshop import Workshop

_HOST = "registry.example.com"
_IMAGE_MB = 12
# What a kubelet looks at by itself at the latest, measured: see `neverInterval` in Sources/ClusterModel.
_NEVER_SECONDS = 15
# The agents have listed and reported since.
_REST_SECONDS = 15
_PATIENCE_SECONDS = 600


def start(workshop: Workshop, programs: Programs, nodes: int, images: int) -> tuple[Cluster, dict[str, str]]:
    """The cluster, whose registry has so many images, and those: name → reference."""
    references = {f"app{number}": f"{_HOST}/app{number}:1" for number in range(images)}
    scenario = {
        "seed": 1, "neverSeconds": _NEVER_SECONDS,
        "nodes": [{"name": f"node-{number + 1}", "zone": f"zone-{'abc'[number % 3]}"} for number in range(nodes)],
        "registries": [{
            "host": _HOST,
            "images": [{"reference": each, "megabytes": _IMAGE_MB} for each in references.values()]}],
    }
    file = workshop.write("scenario.json", json.dumps(scenario))
    cluster = Cluster(
        workshop, programs, f"{_HOST}/image-puller:bench", scenario=file, agent=programs.stripped_agent(workshop))
    return cluster, references


def grow(
    cluster: Cluster, references: dict[str, str], first: int, is_held: Callable[[set[str]], bool]
) -> Iterator[Callable[[], float]]:
    """Lists the first so many images, and then one more for each step of the iteration, when the cluster is at rest.

    What it yields makes the edit, waits until all images are held, and returns how many seconds that took.
    """
    images = dict(list(references.items())[:first])

    def edit(what: str) -> float:
        start = time.monotonic()
        cluster.edit(images)
        cluster.await_state(f"{what} held", lambda: is_held(set(images)), seconds=_PATIENCE_SECONDS)
        return time.monotonic() - start

    edit("the first images are")
    for each in list(references)[first:]:
        time.sleep(_REST_SECONDS)
        images[each] = references[each]
        yield lambda: edit(f"{each} is")
