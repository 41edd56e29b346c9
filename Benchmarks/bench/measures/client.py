"""cli_latency_ratio, paint_ratio, page_kb."""

import io
import shutil
import subprocess
import tarfile
import time
from pathlib import Path

from dashboard.browser import Browser
from dashboard.server import PAGE, serve

from .. import baseline
from ..cluster import NAMESPACE, Cluster
from ..figures import Results, percentile, progress
from ..programs import Programs
from ..workshop import Workshop, eventually

NODES, IMAGES = 5, 6
RUNS, LOADS = 31, 15
_REPOSITORY = Path(__file__).resolve().parents[3]


def measure(programs: Programs, results: Results) -> None:
    with Workshop() as workshop:
        _command_line(workshop, programs, results)
        _page(workshop, results)


def _command_line(workshop: Workshop, programs: Programs, results: Results) -> None:
    """`coordinator coverage` beside `kubectl get pods`, each from its start to its end, in turns."""
    progress(f"client: {RUNS} calls each, {NODES} simulated nodes")
    cluster = Cluster(workshop, programs, "registry.example.com/image-puller:bench", NODES)
    cluster.edit({f"image-{number}": f"registry.example.com/shop/image-{number}:1" for number in range(IMAGES)})
    kubectl = _REPOSITORY / ".build" / "tools" / "kubectl"
    kubectl = kubectl if kubectl.exists() else shutil.which("kubectl")
    if kubectl is None:
        raise RuntimeError("there's no kubectl: scripts/tools installs one")
    ours = [programs.coordinator, "coverage", "--server", cluster.server]
    theirs = [
        kubectl, "--kubeconfig", workshop.folder / "kubeconfig", "--cache-dir", workshop.folder / "cache",
        "--namespace", NAMESPACE, "get", "pods"]
    eventually("the coordinator answers", lambda: subprocess.run(ours, capture_output=True).returncode == 0)
    # What kubectl knows of the API server it keeps: the first call, which asks for it, doesn't count.
    subprocess.run(theirs, capture_output=True, check=True)
    times: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(RUNS):
        for is_ours, call in ((True, ours), (False, theirs)):
            start = time.monotonic()
            subprocess.run(call, capture_output=True, check=True)
            times[is_ours].append(time.monotonic() - start)
    medians = {key: percentile(values, 0.5) for key, values in times.items()}
    progress(f"coordinator coverage {medians[True] * 1000:.0f} ms, kubectl get pods {medians[False] * 1000:.0f} ms")
    results.give("cli_latency_ratio", medians[True] / medians[False])


def _page(workshop: Workshop, results: Results) -> None:
    """The page's first useful paint beside that of the former build's page, over the same made-up cluster, in turns."""
    folder = "Sources/Coordinator/Dashboard/Page"
    archive = subprocess.run(
        ["git", "-C", _REPOSITORY, "archive", baseline.COMMIT, folder], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(workshop.folder / "former", filter="data")
    servers = [serve(NODES, IMAGES), serve(NODES, IMAGES, page=workshop.folder / "former" / folder)]
    loads: list[list[float]] = [[], []]
    with Browser(1400, 1000) as browser:
        for _ in range(LOADS):
            for number, server in enumerate(servers):
                browser.open("about:blank")
                browser.command(
                    "POST", "/goog/cdp/execute", {"cmd": "Network.clearBrowserCache", "params": {}})
                browser.open(f"http://127.0.0.1:{server.server_port}/")
                browser.await_true("return performance.getEntriesByName('useful-paint').length > 0")
                loads[number].append(
                    browser.run("return performance.getEntriesByName('useful-paint')[0].startTime"))
    for server in servers:
        server.shutdown()
    now, former = (percentile(values, 0.5) for values in loads)
    progress(f"useful paint {now:.0f} ms, of {baseline.COMMIT}'s page {former:.0f} ms")
    results.give("paint_ratio", now / former)
    results.give("page_kb", sum(file.stat().st_size for file in PAGE.iterdir()) / 1000)
