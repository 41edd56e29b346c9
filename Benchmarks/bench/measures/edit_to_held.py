"""edit_to_held_s, edit_to_held_before_s, edit_to_held_ratio."""

import json
import statistics
import time

from .. import baseline
from ..cluster import Cluster
from ..figures import Results, progress
from ..programs import Programs
from ..workshop import Workshop

NODES = 20
ROUNDS = 3
HOST = "registry.example.com"
IMAGE_MB = 12
# What a kubelet looks at by itself at the latest, measured: see `neverInterval` in Sources/ClusterModel.
NEVER_SECONDS = 15
# The agents have listed and reported since: each round begins in a cluster that is at rest.
REST_SECONDS = 15
PATIENCE_SECONDS = 600


def measure(programs: Programs, results: Results) -> None:
    before = baseline.programs(programs)
    ours, theirs = _seconds(programs, "now"), _seconds(before, "before")
    results.give("edit_to_held_s", ours)
    results.give("edit_to_held_before_s", theirs)
    results.give("edit_to_held_ratio", ours / theirs)


def _seconds(programs: Programs, name: str) -> float:
    """From an edit that adds one image to a running list until every image is held on every node: the median."""
    references = {f"app{number}": f"{HOST}/app{number}:1" for number in range(3 + ROUNDS)}
    scenario = {
        "seed": 1, "neverSeconds": NEVER_SECONDS,
        "nodes": [{"name": f"node-{number + 1}", "zone": f"zone-{'abc'[number % 3]}"} for number in range(NODES)],
        "registries": [{
            "host": HOST,
            "images": [{"reference": each, "megabytes": IMAGE_MB} for each in references.values()]}],
    }
    with Workshop() as workshop:
        file = workshop.write("scenario.json", json.dumps(scenario))
        cluster = Cluster(
            workshop, programs, f"{HOST}/image-puller:bench", scenario=file, agent=programs.stripped_agent(workshop))
        images = dict(list(references.items())[:3])
        cluster.edit(images)
        cluster.await_state("the first images are held", lambda: _held(cluster, images), seconds=PATIENCE_SECONDS)
        seconds = []
        for each in list(references)[3:]:
            time.sleep(REST_SECONDS)
            images[each] = references[each]
            start = time.monotonic()
            cluster.edit(images)
            cluster.await_state(f"{each} is held", lambda: _held(cluster, images), seconds=PATIENCE_SECONDS)
            seconds.append(time.monotonic() - start)
            progress(f"edit to held, {name}: {seconds[-1]:.1f} s on {NODES} nodes")
        return statistics.median(seconds)


def _held(cluster: Cluster, images: dict[str, str]) -> bool:
    """Whether containers use all of these images on all nodes."""
    report = cluster.coordinator.get("/api/v1/coverage?by=image")
    rows = {row["name"]: row["counts"] for row in report["rows"]} if report else {}
    return all(name in rows and rows[name]["cells"] == rows[name]["held"] == NODES for name in images)
