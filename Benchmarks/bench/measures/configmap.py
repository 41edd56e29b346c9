"""configmap_to_daemonset_p50_ms, configmap_to_daemonset_p99_ms."""

import http.client
import json
import queue
import random
import threading
import time
from urllib.parse import urlsplit

from ..cluster import DAEMON_SET, NAMESPACE, Cluster
from ..figures import Results, percentile, progress
from ..programs import Programs
from ..workshop import Workshop

EDITS = 100
NODES = 5


def measure(programs: Programs, results: Results) -> None:
    with Workshop() as workshop:
        progress(f"configmap: {EDITS} edits, {NODES} simulated nodes")
        cluster = Cluster(workshop, programs, "registry.example.com/image-puller:bench", NODES)
        changes = _watch(cluster.url)
        milliseconds = []
        for number in range(EDITS):
            time.sleep(random.uniform(0.05, 0.5))
            reference = f"registry.example.com/shop/frontend:{number}"
            start = time.monotonic()
            cluster.edit({"frontend": reference})
            while True:
                moment, daemon_set = changes.get(timeout=60)
                if any(each["image"] == reference for each in daemon_set["spec"]["template"]["spec"]["containers"]):
                    break
            milliseconds.append((moment - start) * 1000)
        results.give("configmap_to_daemonset_p50_ms", percentile(milliseconds, 0.5))
        results.give("configmap_to_daemonset_p99_ms", percentile(milliseconds, 0.99))


def _watch(url: str) -> queue.Queue[tuple[float, dict]]:
    """Every change of the DaemonSet from now on, with its moment."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port)
    connection.request(
        "GET", f"/apis/apps/v1/namespaces/{NAMESPACE}/daemonsets?watch=1&fieldSelector=metadata.name%3D{DAEMON_SET}")
    response = connection.getresponse()
    changes: queue.Queue[tuple[float, dict]] = queue.Queue()

    def read() -> None:
        while line := response.readline():
            moment = time.monotonic()
            event = json.loads(line)
            if event["type"] in ("ADDED", "MODIFIED"):
                changes.put((moment, event["object"]))

    threading.Thread(target=read, daemon=True).start()
    return changes
