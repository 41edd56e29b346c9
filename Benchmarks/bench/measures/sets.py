"""standby_takeover_s, standby_anonymous_mb, prefetch_over_cri; of planner and reports plan_sets_ratio, coverage_sets_p99_ms."""

import os
import signal
import statistics
import subprocess
import time
from pathlib import Path

from .. import agent
from ..cluster import CONFIG_MAP, DAEMON_SET, NAMESPACE, Cluster
from ..figures import Results, progress
from ..programs import Programs
from ..registry import Registry
from ..runtime import Containerd
from ..usage import memory
from ..workshop import Program, Workshop, eventually

IMAGES = 20
ROUNDS = 6
IDLE_SECONDS = 120
OTHER = "image-puller-other"
NODES = 3
IMAGE_BYTES = 12_000_000
PREFETCHES = 5


def measure(programs: Programs, results: Results) -> None:
    progress("sets: plans and reports of five sets of 20 images on 5,000 nodes")
    for name, value in programs.planned("sets"):
        results.give(name, value)
    for name, value in programs.reported("sets"):
        results.give(name, value)
    _measure_agents(programs, results)
    _measure_prefetches(programs, results)


def _measure_prefetches(programs: Programs, results: Results) -> None:
    """The whole command, against a pull by nothing but CRI calls: new images each time, since runtimes keep what they have."""
    with Workshop() as workshop:
        registry = Registry(workshop)
        progress(f"sets: prefetches of an image of {IMAGE_BYTES / 1e6:.0f} MB on {NODES} nodes")
        runtimes = [Containerd(workshop, registry.host, name=f"containerd-{number}") for number in range(NODES)]
        base = {"base": registry.push("base:1", 16 << 10)}
        images = [[registry.push(f"{kind}-{n}:1", IMAGE_BYTES) for kind in ("bare", "ours")] for n in range(PREFETCHES)]
        # Listed from the beginning: an edit would replace the pods that the agents are of.
        cluster = Cluster(
            workshop, programs, registry.push("image-puller:bench", 16 << 10), nodes=NODES, images=base)
        stripped = programs.stripped_agent(workshop)
        for number, runtime in enumerate(runtimes):
            agent.start(workshop, stripped, cluster, runtime, node=f"node-{number + 1}")
        cluster.await_state("the first image is present", lambda: cluster.present(set(base)), seconds=120)
        ratios = []
        for number, (bare, ours) in enumerate(images):
            # The agents are in their long polls again.
            time.sleep(5)
            output = subprocess.run(
                [programs.cri_pull, runtimes[number % NODES].socket, bare], capture_output=True, text=True,
                check=True).stdout
            pull = float(output.split()[1]) / 1000
            start = time.monotonic()
            subprocess.run(
                [programs.coordinator, "prefetch", ours, "--wait", "--timeout", "2m", "--server", cluster.server],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
            took = time.monotonic() - start
            ratios.append(took / pull)
            progress(f"sets: prefetched in {took:.2f} s, one bare CRI pull {pull:.2f} s, ratio {took / pull:.2f}")
        results.give("prefetch_over_cri", statistics.median(ratios))


def _measure_agents(programs: Programs, results: Results) -> None:
    with Workshop() as workshop:
        program = programs.stripped_agent(workshop)
        registry = Registry(workshop)
        progress(f"sets: two sets of {IMAGES} images on one node, each with a pod and its agent")
        images = {f"image-{n}": registry.push(f"image-{n}:1", 16 << 10) for n in range(2 * IMAGES)}
        own, other = (dict(list(images.items())[n * IMAGES:(n + 1) * IMAGES]) for n in (0, 1))
        runtime = Containerd(workshop, registry.host)
        cluster = Cluster(workshop, programs, registry.push("image-puller:bench", 16 << 10))
        working = agent.start(workshop, program, cluster, runtime)
        cluster.edit(own)
        cluster.await_state("all images are present", lambda: cluster.present(set(own)), seconds=300)
        cluster.kubernetes.do("POST", CONFIG_MAP, {
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "other", "namespace": NAMESPACE, "labels": {"image-puller/set": "other"}},
            "data": {
                "IMAGES": ";".join(f"{name}={reference}" for name, reference in other.items()),
                "DAEMONSET_NAME": OTHER}})
        eventually("the other set has its DaemonSet", lambda: cluster.daemon_set(OTHER))
        standby = agent.start(workshop, program, cluster, runtime, daemon_set=OTHER)
        _await_standby(standby)
        progress(f"sets: the one that stands by, for {IDLE_SECONDS} s")
        time.sleep(IDLE_SECONDS)
        idle = _anonymous(standby)
        agents = {DAEMON_SET: working, OTHER: standby}
        results.give("standby_takeover_s", max(
            _take_over(agents, list(agents)[turn % 2], workshop, program, cluster, runtime) for turn in range(ROUNDS)))
        # After an even number of rounds the first one works. One that has worked gives back what it knew.
        _freeze(agents[DAEMON_SET])
        results.give("standby_anonymous_mb", max(idle, _anonymous(agents[DAEMON_SET])) / 1e6)


def _await_standby(program: Program, times: int = 1) -> None:
    eventually(f"{program.name} stands by", lambda: program.log.read_text().count("stands by") >= times)


def _anonymous(program: Program) -> int:
    program.check()
    size = memory(program.pid)["Anonymous"]
    progress(f"sets: {program.name} has {size / 1e6:.2f} MB of anonymous memory")
    return size


def _freeze(program: Program) -> None:
    """Stops the one that works until the other one does."""
    os.kill(program.pid, signal.SIGSTOP)
    time.sleep(15)
    os.kill(program.pid, signal.SIGCONT)
    _await_standby(program, times=2)
    time.sleep(5)


def _take_over(
    agents: dict[str, Program], working: str, workshop: Workshop, program: Path, cluster: Cluster,
    runtime: Containerd
) -> float:
    """Kills the one that works, measures how long it takes until the node is heard again, and starts another one, which
    stands by."""
    time.sleep(2)
    started = time.monotonic()
    os.kill(agents[working].pid, signal.SIGKILL)
    while started >= time.monotonic() - _age(cluster):
        if time.monotonic() > started + 60:
            raise TimeoutError("nobody has taken over")
        time.sleep(0.02)
    took = time.monotonic() - started
    progress(f"sets: {took:.2f} s until the agent of the other set had taken over from that of {working}")
    agents[working] = agent.start(workshop, program, cluster, runtime, daemon_set=working)
    _await_standby(agents[working])
    return took


def _age(cluster: Cluster) -> float:
    """Seconds since the node was heard."""
    rows = cluster.coordinator.get("/api/v1/coverage?by=node")["rows"]
    return rows[0]["reportAgeSeconds"]
