"""agent_binary_mb, agent_pss_mb, agent_alone_pss_mb, agent_anonymous_mb, agent_cpu_ms_per_s."""

import time

from .. import agent
from ..cluster import Cluster
from ..figures import Results, progress
from ..programs import Programs
from ..registry import Registry
from ..runtime import Containerd
from ..usage import cpu_seconds, memory
from ..workshop import Workshop

IMAGES = 100
IDLE_SECONDS = 60
# So that what came with the pulls is over, such as the slower listing of a busy runtime.
SETTLE_SECONDS = 15


def measure(programs: Programs, results: Results) -> None:
    with Workshop() as workshop:
        program = programs.stripped_agent(workshop)
        results.give("agent_binary_mb", program.stat().st_size / 1e6)
        registry = Registry(workshop)
        progress(f"agent: {IMAGES} images on a real containerd, pulled by the agent itself")
        images = {f"image-{n}": registry.push(f"image-{n}:1", 16 << 10) for n in range(IMAGES - 1)}
        runtime = Containerd(workshop, registry.host)
        # The agent's own image is the hundredth.
        cluster = Cluster(workshop, programs, registry.push("image-puller:bench", 16 << 10))
        process = agent.start(workshop, program, cluster, runtime)
        cluster.edit(images)
        cluster.await_state("all images are present", lambda: cluster.present(set(images)), seconds=300)
        time.sleep(SETTLE_SECONDS)
        progress(f"agent: idle for {IDLE_SECONDS} s")
        start, before = time.monotonic(), cpu_seconds(process.pid)
        time.sleep(IDLE_SECONDS)
        spent = (cpu_seconds(process.pid) - before) / (time.monotonic() - start)
        sums = memory(process.pid)
        process.check()
        results.give("agent_pss_mb", sums["Pss"] / 1e6)
        # On a node nobody maps the files of its image but itself: its share of what is resident is all of it.
        results.give("agent_alone_pss_mb", sums["Rss"] / 1e6)
        results.give("agent_anonymous_mb", sums["Anonymous"] / 1e6)
        results.give("agent_cpu_ms_per_s", spent * 1000)
