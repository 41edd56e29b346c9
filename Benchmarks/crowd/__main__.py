"""`scripts/bench-history` and `scripts/bench-dashboard` start this: what a crowd costs the real coordinator."""

import argparse
import signal
import socket
import sys
import time
from pathlib import Path

from bench.figures import FIGURES, Figure, Results, percentile, progress
from bench.workshop import Workshop, eventually

from . import scale
from .stage import Stage

FIGURES.update({
    # From its start on, with everything that a restart brings at once.
    "peak_rss_mb": Figure("MB", 600),
    "metrics_series": Figure("series", 2000),
    # From after the first flood of half-open connections to the worst of the later ones.
    "flood_growth_mb": Figure("MB", 10),
    # Median of the answers to GET /metrics on loopback: snapshot, text and HTTP.
    "metrics_ms": Figure("ms", 10),
})

# What people and programs ask meanwhile.
QUESTIONS = (
    "/api/v1/coverage?by=image", "/api/v1/coverage?by=node", "/api/v1/coverage?by=zone", "/api/v1/coverage?by=all",
    "/api/v1/cells", "/api/v1/nodes/{node}", "/api/v1/images/image-3", "/api/v1/history?limit=100", "/metrics")


def memory(stage: Stage, results: Results, seconds: float) -> None:
    """The worst moment is a restart: lists, history, and all agents at once."""
    stage.restart()
    begin = time.monotonic()
    stage.bring_agents()
    took = stage.until_settled(300)
    progress(f"{stage.nodes} agents are heard after {took:.0f} s; RSS {stage.memory('VmRSS'):.0f} MB, peak "
             f"{stage.memory('VmHWM'):.0f} MB")
    progress(f"pages of lists: {stage.crowd.requests}, the largest {stage.crowd.largest_page / 1e6:.1f} MB")
    api = stage.api()
    told = time.monotonic()
    while time.monotonic() < begin + seconds:
        for question in QUESTIONS:
            api.read(question.replace("{node}", stage.crowd.name(17)))
        time.sleep(1)
        if time.monotonic() > told + 30:
            told = time.monotonic()
            progress(f"{time.monotonic() - begin:.0f} s: RSS {stage.memory('VmRSS'):.0f} MB, peak "
                     f"{stage.memory('VmHWM'):.0f} MB, {stage.agents.settled} agents wait")
    total = api.get("/api/v1/coverage?by=all")["total"]
    progress(f"coverage: {total}; answers: {dict(stage.agents.statuses)}")
    if total["held"] != stage.nodes * len(stage.images):
        raise RuntimeError("not every cell is held")
    results.give("peak_rss_mb", stage.memory("VmHWM"))


def metrics(stage: Stage, results: Results) -> None:
    """/metrics while all agents report."""
    stage.restart()
    stage.bring_agents()
    stage.until_settled(300)
    api = stage.api()
    times = []
    for _ in range(100):
        begin = time.perf_counter()
        content = api.read("/metrics")
        times.append((time.perf_counter() - begin) * 1000)
        time.sleep(0.05)
    progress(f"/metrics: p50 {percentile(times, 0.5):.1f} ms, p95 {percentile(times, 0.95):.1f} ms, "
             f"{len(content) / 1000:.0f} kB")
    results.give("metrics_series", sum(1 for line in content.splitlines() if line and not line.startswith(b"#")))
    results.give("metrics_ms", percentile(times, 0.5))


def flood(stage: Stage, results: Results) -> None:
    """A thousand half-open connections to each listener, again and again: what stays of them."""
    stage.restart()
    stage.bring_agents()
    stage.until_settled(60)
    progress(f"at first: {stage.memory('VmRSS'):.0f} MB")
    rounds = []
    for number in range(6):
        connections = []
        for port, beginning in ((stage.agent_port, b"\x16\x03\x01"), (stage.port, b"GET /api HTTP/1.1\r\nX:")):
            for _ in range(1000):
                connection = socket.socket()
                connection.connect(("127.0.0.1", port))
                try:
                    connection.send(beginning)
                except OSError:
                    pass  # refused: there are too many
                connections.append(connection)
        during = stage.memory("VmRSS")
        files = Path(f"/proc/{stage.process.pid}/fd")
        eventually("they are closed by the coordinator", lambda: len(list(files.iterdir())) < 200, 60, pause=0.5)
        for connection in connections:
            connection.close()
        # Free memory is given back every few seconds.
        time.sleep(32)
        rounds.append(stage.memory("VmRSS"))
        progress(f"round {number + 1}: {during:.0f} MB, then {rounds[-1]:.0f} MB")
    results.give("flood_growth_mb", max(rounds[2:]) - rounds[0])


def main() -> int:
    parser = argparse.ArgumentParser(prog="crowd")
    parser.add_argument("what", choices=("memory", "metrics", "flood", "scale"))
    parser.add_argument("--coordinator", type=Path, required=True)
    parser.add_argument("--simulator", type=Path, required=True)
    parser.add_argument("--history", type=Path, help="a database to begin with")
    parser.add_argument("--nodes", type=int, default=5000)
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=330)
    parser.add_argument("--baseline", type=Path, help="of scale: the coordinator of an earlier commit")
    parser.add_argument("--parts", nargs="*", default=["pair", "further", "large", "small", "truth"], help="of scale")
    parser.add_argument("--rounds", type=int, default=3, help="of scale: the medians are of so many")
    parser.add_argument("--steady", type=float, default=60, help="of scale: seconds that are measured")
    parser.add_argument("--idle", type=float, default=600, help="of scale: seconds before an idle coordinator is measured")
    parser.add_argument("--changing", type=float, default=600, help="of scale: seconds in which cells change")
    options = parser.parse_args()
    results = Results()
    if options.what == "scale":
        scale.run(options, results)
        return _end_of(results)
    with Workshop() as workshop:
        stage = Stage(
            workshop, options.coordinator.resolve(), options.simulator.resolve(), options.nodes, options.images,
            options.history)
        if options.what == "memory":
            memory(stage, results, options.seconds)
        else:
            {"metrics": metrics, "flood": flood}[options.what](stage, results)
    return _end_of(results)


def _end_of(results: Results) -> int:
    for line in results.missed:
        print(f"missed: {line}", file=sys.stderr)
    return 1 if results.missed else 0


def _end(number: int, _: object) -> None:
    raise SystemExit(128 + number)


for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(each, _end)
sys.exit(main())
