"""What a node costs the coordinator, beside an earlier build in the same run."""

import statistics
import threading
import time
from pathlib import Path

from bench.figures import FIGURES, Figure, Results, percentile, progress
from bench.usage import cpu_seconds
from bench.workshop import Workshop

from . import truth
from .stage import Stage

FIGURES.update({
    "rss_ratio": Figure("ratio", 0.5),
    "peak_rss_ratio": Figure("ratio", 0.6),
    "report_cpu_ratio": Figure("ratio", 0.4),
    "report_cpu_us": Figure("us"),
    "agent_bytes": Figure("bytes", 30_000),
    "heard_ratio": Figure("ratio", 0.6),
    "peak_rss_20k_mb": Figure("MB", 900),
    "heard_20k_s": Figure("s", 90),
    "steady_20k_ms_per_s": Figure("ms/s", 250),
    "coverage_20k_p99_ms": Figure("ms", 40),
    "small_rss_mb": Figure("MB", 35),
    "idle_requests_per_minute": Figure("requests", 20),
    # Of all cores, while the coordinator was measured: it mustn't be what is slow.
    "crowd_cpu_percent": Figure("percent"),
    # What the API server is asked for, with 5,000 nodes.
    "start_requests": Figure("requests"),
    "start_megabytes": Figure("MB"),
})


class Round:
    """One coordinator with a crowd, from its start on."""

    def __init__(self, coordinator: Path, simulator: Path, nodes: int, images: int, seconds: float):
        with Workshop() as workshop:
            stage = Stage(workshop, coordinator, simulator, nodes, images)
            stage.prepare()
            requests, content = stage.crowd.all_requests, stage.crowd.all_bytes
            begin = time.monotonic()
            stage.start()
            stage.bring_agents()
            stage.until_settled(600)
            self.heard = time.monotonic() - begin
            self.start_requests = stage.crowd.all_requests - requests
            self.start_bytes = stage.crowd.all_bytes - content
            # What a start leaves behind is given back within half a minute.
            time.sleep(30)
            answers, used = stage.answers, cpu_seconds(stage.process.pid)
            own, began = time.process_time(), time.monotonic()
            time.sleep(seconds)
            self.answers = stage.answers - answers
            self.cpu = cpu_seconds(stage.process.pid) - used
            self.crowd = (time.process_time() - own) / (time.monotonic() - began)
            self.seconds = seconds
            self.rss = stage.memory("VmRSS")
            self.peak = stage.memory("VmHWM")
            self.coverage = _coverage(stage)

    @property
    def report_us(self) -> float:
        """Processor time for each report that was answered."""
        return self.cpu / self.answers * 1e6

    def tell(self, name: str) -> None:
        progress(
            f"{name}: heard after {self.heard:.1f} s, RSS {self.rss:.0f} MB, peak {self.peak:.0f} MB, "
            f"{self.report_us:.0f} us a report ({self.answers} in {self.seconds:.0f} s), "
            f"{self.start_requests} API requests and {self.start_bytes / 1e6:.0f} MB at its start")


def _coverage(stage: Stage) -> list[float]:
    api = stage.api()
    times = []
    for _ in range(100):
        begin = time.perf_counter()
        api.read("/api/v1/coverage?by=zone")
        times.append((time.perf_counter() - begin) * 1000)
        time.sleep(0.05)
    return times


def pair(
    coordinator: Path, baseline: Path, simulator: Path, results: Results, nodes: int, images: int, rounds: int,
    seconds: float
) -> None:
    """Both builds in turn: the medians of what one takes of the other's."""
    ours, theirs = [], []
    for number in range(rounds):
        for program, into, name in ((baseline, theirs, "before"), (coordinator, ours, "now")):
            into.append(Round(program, simulator, nodes, images, seconds))
            into[-1].tell(f"{name}, {number + 1} of {rounds}")

    def ratio(value) -> float:
        return statistics.median(map(value, ours)) / statistics.median(map(value, theirs))

    results.give("rss_ratio", ratio(lambda each: each.rss))
    results.give("peak_rss_ratio", ratio(lambda each: each.peak))
    results.give("report_cpu_ratio", ratio(lambda each: each.report_us))
    results.give("report_cpu_us", statistics.median(each.report_us for each in ours))
    results.give("heard_ratio", ratio(lambda each: each.heard))
    results.give("start_requests", ours[-1].start_requests)
    results.give("start_megabytes", ours[-1].start_bytes / 1e6)
    results.give("crowd_cpu_percent", statistics.median(each.crowd for each in ours) * 50)


def further(coordinator: Path, simulator: Path, results: Results, some: int, all_: int, images: int) -> None:
    """What each further waiting agent takes."""
    with Workshop() as workshop:
        stage = Stage(workshop, coordinator, simulator, all_, images)
        stage.restart()
        stage.bring_agents(0, some)
        stage.until_settled(600)
        time.sleep(45)
        before = stage.memory("VmRSS")
        stage.bring_agents(some, all_)
        stage.until_settled(600)
        time.sleep(45)
        after = stage.memory("VmRSS")
        progress(f"{some} agents: {before:.0f} MB, {all_}: {after:.0f} MB")
        results.give("agent_bytes", (after - before) * 1e6 / (all_ - some))


def large(coordinator: Path, simulator: Path, results: Results, nodes: int, images: int, seconds: float) -> None:
    """A cluster of 20,000 nodes."""
    measured = Round(coordinator, simulator, nodes, images, seconds)
    measured.tell(f"{nodes} nodes")
    results.give("peak_rss_20k_mb", measured.peak)
    results.give("heard_20k_s", measured.heard)
    results.give("steady_20k_ms_per_s", measured.cpu / measured.seconds * 1000)
    results.give("coverage_20k_p99_ms", percentile(measured.coverage, 0.99))


def small(coordinator: Path, simulator: Path, results: Results, seconds: float) -> None:
    """Three nodes, five images, and nothing to do."""
    with Workshop() as workshop:
        stage = Stage(workshop, coordinator, simulator, 3, 5, options=("--leader-elect",))
        stage.restart()
        stage.bring_agents()
        stage.until_settled(60)
        time.sleep(max(0, seconds - 60))
        before = stage.crowd.all_requests
        time.sleep(60)
        results.give("idle_requests_per_minute", stage.crowd.all_requests - before)
        results.give("small_rss_mb", stage.memory("VmRSS"))


def run(options, results: Results) -> None:
    """All of it, or what is named."""
    coordinator, simulator = options.coordinator.resolve(), options.simulator.resolve()
    # Agents' threads and the made-up API server share one interpreter.
    threading.stack_size(1 << 20)
    if "pair" in options.parts:
        pair(
            coordinator, options.baseline.resolve(), simulator, results, options.nodes, options.images, options.rounds,
            options.steady)
    if "further" in options.parts:
        further(coordinator, simulator, results, options.nodes * 2 // 5, options.nodes, options.images)
    if "large" in options.parts:
        large(coordinator, simulator, results, options.nodes * 4, 20, options.steady)
    if "small" in options.parts:
        small(coordinator, simulator, results, options.idle)
    if "truth" in options.parts:
        with Workshop() as workshop:
            truth.run(Stage(workshop, coordinator, simulator, options.nodes, 20), results, options.changing)
