"""edit_to_held_s, edit_to_held_before_s, edit_to_held_ratio."""

import statistics

from .. import baseline, growing_list
from ..cluster import Cluster
from ..figures import Results, progress
from ..programs import Programs
from ..workshop import Workshop

NODES = 20
IMAGES = 3
ROUNDS = 3


def measure(programs: Programs, results: Results) -> None:
    before = baseline.programs(programs)
    ours, theirs = _seconds(programs, "now"), _seconds(before, "before")
    results.give("edit_to_held_s", ours)
    results.give("edit_to_held_before_s", theirs)
    results.give("edit_to_held_ratio", ours / theirs)


def _seconds(programs: Programs, name: str) -> float:
    """From an edit that adds one image to a running list until every image is held on every node: the median."""
    with Workshop() as workshop:
        cluster, references = growing_list.start(workshop, programs, NODES, IMAGES + ROUNDS)
        seconds = []
        for edit in growing_list.grow(cluster, references, IMAGES, lambda images: _held(cluster, images)):
            seconds.append(edit())
            progress(f"edit to held, {name}: {seconds[-1]:.1f} s on {NODES} nodes")
        return statistics.median(seconds)


def _held(cluster: Cluster, images: set[str]) -> bool:
    """Whether containers use all of these images on all nodes."""
    report = cluster.coordinator.get("/api/v1/coverage?by=image")
    rows = {row["name"]: row["counts"] for row in report["rows"]} if report else {}
    return all(name in rows and rows[name]["cells"] == rows[name]["held"] == NODES for name in images)
