"""late_answers, late_answers_before."""

import subprocess
from pathlib import Path

from .. import baseline
from ..figures import Results, progress
from ..programs import Programs
from ..registry import Registry
from ..relay import Relay
from ..runtime import Containerd
from ..workshop import Workshop

IMAGES = 100
ANSWERS = 1000
# So many clients at once, each with one call after the other and a pause after each: the machine isn't busy with it.
CLIENTS = 4
LATE_SECONDS = 0.05
# libcurl's buffer by default: what fits in was never late.
LARGE_BYTES = 16 << 10
# Of the calls of one client, late ones by ten seconds among them.
SECONDS = 2400


def measure(programs: Programs, results: Results) -> None:
    before = baseline.program("cri-pull", overlay=("Benchmarks/CRIPull",))
    with Workshop() as workshop:
        registry = Registry(workshop)
        progress(f"late answers: {IMAGES} images on a real containerd")
        references = [registry.push(f"image-{number}:1", 16 << 10) for number in range(IMAGES)]
        runtime = Containerd(workshop, registry.host)
        subprocess.run([programs.cri_pull, runtime.socket, *references], check=True, stdout=subprocess.DEVNULL)
        results.give("late_answers", _late(workshop, runtime, programs.cri_pull, "now"))
        results.give("late_answers_before", _late(workshop, runtime, before, "before"))


def _late(workshop: Workshop, runtime: Containerd, program: Path, name: str) -> int:
    """How many of a thousand lists ended late."""
    relays = [Relay(workshop.folder / f"{name}-{number}.sock", runtime.socket) for number in range(CLIENTS)]
    for relay in relays:
        workshop.at_end(relay.close)
    clients = [
        workshop.start(f"{name}-{number}", program, "--list", str(ANSWERS // CLIENTS), relay.path)
        for number, relay in enumerate(relays)]
    delays = []
    for client, relay in zip(clients, relays):
        ends = [float(line.split()[0]) for line in client.finish(SECONDS).splitlines()]
        passages = relay.passages()
        if len(ends) != len(passages):
            raise RuntimeError(f"{len(ends)} answers came on {len(passages)} connections")
        for end, passage in zip(ends, passages):
            if passage.bytes <= LARGE_BYTES:
                raise RuntimeError(f"an answer has {passage.bytes} bytes, which is too few to be measured")
            delays.append(end - passage.last)
    late = sum(delay > LATE_SECONDS for delay in delays)
    progress(
        f"late answers, {name}: {late} of {len(delays)}, median {sorted(delays)[len(delays) // 2] * 1000:.1f} ms, "
        f"worst {max(delays):.2f} s, {passages[-1].bytes} bytes each")
    return late
