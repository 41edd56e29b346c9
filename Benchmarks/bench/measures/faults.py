"""flaky_bytes_over_size, flaky_bytes_over_size_before, flaky_time_ratio, and the figures of the planner's faults."""

import time
from dataclasses import dataclass
from pathlib import Path

from .. import agent, baseline
from ..cluster import Cluster
from ..figures import FIGURES, Results, progress
from ..flaky import FlakyLine
from ..programs import Programs
from ..registry import Registry
from ..runtime import Containerd
from ..workshop import Workshop

LAYERS = 8
LAYER_BYTES = 25_000_000
# What a connection carries before it is reset.
SHORTEST, LONGEST = 20_000_000, 120_000_000
SEEDS = (1, 2, 3)
# Who hasn't got the image then won't get it: it counts with the time and the bytes so far.
PATIENCE_SECONDS = 600


@dataclass
class Outcome:
    seconds: float = 0
    bytes: int = 0
    resets: int = 0
    missed: int = 0


def measure(programs: Programs, results: Results) -> None:
    before = baseline.programs(programs)
    ours, theirs = Outcome(), Outcome()
    for seed in SEEDS:
        _pull(programs, seed, ours, "now")
        _pull(before, seed, theirs, "before")
    size = LAYERS * LAYER_BYTES * len(SEEDS)
    if theirs.missed:
        progress(f"before: {theirs.missed} of {len(SEEDS)} images never came; the figures count what was sent until then")
    if ours.missed:
        raise RuntimeError(f"{ours.missed} of {len(SEEDS)} images never came")
    results.give("flaky_bytes_over_size", ours.bytes / size)
    results.give("flaky_bytes_over_size_before", theirs.bytes / size)
    results.give("flaky_time_ratio", ours.seconds / theirs.seconds)
    _plan(programs, results)


def _pull(programs: Programs, seed: int, outcome: Outcome, name: str) -> None:
    """One image over a line that breaks, from the agent's start until it is present."""
    with Workshop() as workshop:
        registry = Registry(workshop)
        line = FlakyLine(registry, seed, SHORTEST, LONGEST)
        workshop.at_end(line.close)
        registry.push("flaky:1", LAYER_BYTES, layers=LAYERS)
        runtime = Containerd(workshop, line.host)
        cluster = Cluster(workshop, programs, registry.push("image-puller:bench", 16 << 10))
        stripped = programs.stripped_agent(workshop)
        cluster.edit({"flaky": f"{line.host}/flaky:1"})
        # A pod of an older template would be replaced, and its token with it.
        cluster.await_state("the pod has the image's container", lambda: _has_container(cluster, "flaky"))
        start = time.monotonic()
        agent.start(workshop, stripped, cluster, runtime)
        try:
            cluster.await_state("the image is present", lambda: cluster.present({"flaky"}), seconds=PATIENCE_SECONDS)
        except TimeoutError:
            outcome.missed += 1
        seconds = time.monotonic() - start
        outcome.seconds += seconds
        outcome.bytes += line.bytes
        outcome.resets += line.resets
        progress(
            f"flaky line, {name}, seed {seed}: {seconds:.1f} s, {line.bytes / 1e6:.0f} MB, {line.resets} resets")


def _has_container(cluster: Cluster, name: str) -> bool:
    pods = [pod for pod in cluster.pods() if "deletionTimestamp" not in pod["metadata"]]
    return bool(pods) and all(name in (each["name"] for each in pod["spec"]["containers"]) for pod in pods)


def _plan(programs: Programs, results: Results) -> None:
    """What the planner does about faults, in virtual time: see Benchmarks/Planner/Faults.swift."""
    progress("the planner's faults, in virtual time")
    for name, value in programs.planned("faults"):
        if name in FIGURES:
            results.give(name, value)
