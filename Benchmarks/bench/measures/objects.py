"""object_to_daemonset_p99_ms, idle_status_writes."""

import http.client
import json
import queue
import random
import threading
import time
from urllib.parse import urlsplit

from ..cluster import NAMESPACE, Cluster
from ..figures import Results, percentile, progress
from ..programs import Programs
from ..workshop import Workshop, eventually

OBJECTS = 100
KEPT = 5
NODES = 5
IDLE_SECONDS = 300

_HOST = "registry.example.com"
_ANYTHING = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "kubernetesimagepullers.che.eclipse.org"},
    "spec": {
        "group": "che.eclipse.org", "scope": "Namespaced",
        "names": {"kind": "KubernetesImagePuller", "plural": "kubernetesimagepullers"},
        "versions": [{
            "name": "v1alpha1", "served": True, "storage": True, "subresources": {"status": {}},
            "schema": {"openAPIV3Schema": {
                "type": "object", "properties": {"spec": _ANYTHING, "status": _ANYTHING}}}}]}}
_PATH = f"/apis/che.eclipse.org/v1alpha1/namespaces/{NAMESPACE}/kubernetesimagepullers"


def measure(programs: Programs, results: Results) -> None:
    with Workshop() as workshop:
        scenario = {
            "seed": 1, "nodes": [{"name": f"node-{number + 1}"} for number in range(NODES)],
            "registries": [{
                "host": _HOST,
                "images": [{"reference": f"{_HOST}/app{each}:1", "megabytes": 2} for each in range(OBJECTS)]}],
        }
        cluster = Cluster(
            workshop, programs, f"{_HOST}/image-puller:bench", options=("--operator",),
            scenario=workshop.write("scenario.json", json.dumps(scenario)), agent=programs.stripped_agent(workshop))
        cluster.kubernetes.do(
            "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", _DEFINITION)
        # It is looked for every 30 seconds.
        _create(cluster, "first")
        eventually("the definition is found", lambda: cluster.daemon_set("kubernetes-image-puller-first"), seconds=90)
        cluster.kubernetes.do("DELETE", f"{_PATH}/first", None)
        _measure_creation(cluster, results)
        _measure_idle(cluster, results)


def _create(cluster: Cluster, name: str, image: str = "app0") -> None:
    cluster.kubernetes.do("POST", _PATH, {
        "apiVersion": "che.eclipse.org/v1alpha1", "kind": "KubernetesImagePuller", "metadata": {"name": name},
        "spec": {"images": f"app={_HOST}/{image}:1"}})


def _measure_creation(cluster: Cluster, results: Results) -> None:
    progress(f"objects: {OBJECTS} are created, {KEPT} at once, {NODES} nodes")
    made = _watch(cluster.url)
    milliseconds = []
    for number in range(OBJECTS):
        time.sleep(random.uniform(0.05, 0.5))
        start = time.monotonic()
        _create(cluster, f"object-{number}", f"app{number}")
        while True:
            moment, name = made.get(timeout=60)
            if name == f"kubernetes-image-puller-object-{number}":
                break
        milliseconds.append((moment - start) * 1000)
        if number >= KEPT:
            cluster.kubernetes.do("DELETE", f"{_PATH}/object-{number - KEPT}", None)
    progress(f"objects: half of the DaemonSets came within {percentile(milliseconds, 0.5):.0f} ms")
    results.give("object_to_daemonset_p99_ms", percentile(milliseconds, 0.99))


def _measure_idle(cluster: Cluster, results: Results) -> None:
    def are_ready() -> bool:
        items = cluster.kubernetes.do("GET", _PATH, None)["items"]
        conditions = [each for item in items for each in item.get("status", {}).get("conditions", [])]
        ready = [each["status"] for each in conditions if each["type"] == "Ready"]
        return len(items) == KEPT and ready == ["True"] * KEPT

    eventually("all objects are ready", are_ready, seconds=300)
    # What had to be said of the last ones is said at most 5 seconds later.
    time.sleep(15)
    progress(f"objects: nothing happens for {IDLE_SECONDS} s")
    before = _status_writes(cluster)
    time.sleep(IDLE_SECONDS)
    results.give("idle_status_writes", (_status_writes(cluster) - before) * 3600 // IDLE_SECONDS)


def _status_writes(cluster: Cluster) -> int:
    counts = cluster.kubernetes.do("GET", "/simulator/v1/requests", None)["counts"]
    return counts.get("patch kubernetesimagepullers/status", 0)


def _watch(url: str) -> queue.Queue[tuple[float, str]]:
    """The name of every DaemonSet that is made from now on, with its moment."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port)
    connection.request("GET", f"/apis/apps/v1/namespaces/{NAMESPACE}/daemonsets?watch=1")
    response = connection.getresponse()
    made: queue.Queue[tuple[float, str]] = queue.Queue()

    def read() -> None:
        while line := response.readline():
            moment = time.monotonic()
            event = json.loads(line)
            if event["type"] == "ADDED":
                made.put((moment, event["object"]["metadata"]["name"]))

    threading.Thread(target=read, daemon=True).start()
    return made
