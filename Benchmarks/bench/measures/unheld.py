"""unheld_s, unheld_before_s, unheld_ratio."""

import http.client
import json
import threading
import time
from urllib.parse import urlsplit

from .. import baseline, growing_list
from ..cluster import NAMESPACE
from ..figures import Results, progress
from ..programs import Programs
from ..workshop import Workshop

NODES = 5
IMAGES = 10
ROUNDS = 3


def measure(programs: Programs, results: Results) -> None:
    before = baseline.programs(programs)
    ours, theirs = _seconds(programs, "now"), _seconds(before, "before")
    results.give("unheld_s", ours)
    results.give("unheld_before_s", theirs)
    results.give("unheld_ratio", ours / theirs)


class _Holding:
    """Follows which images containers of ours use on which node, by a watch of the pods."""

    def __init__(self, url: str):
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port)
        self._connection.request("GET", f"/api/v1/namespaces/{NAMESPACE}/pods?watch=1")
        self._response = self._connection.getresponse()
        self._lock = threading.Lock()
        self._running: dict[str, tuple[str, frozenset[str]]] = {}
        self._lost: dict[tuple[str, str], float] = {}
        self._seconds = 0.0
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        try:
            for line in self._response:
                if line.strip():
                    self._take(json.loads(line), time.monotonic())
        except (OSError, ValueError, http.client.HTTPException):
            pass  # the simulator ends

    def _take(self, event: dict, now: float) -> None:
        pod = event["object"]
        if event["type"] not in ("ADDED", "MODIFIED", "DELETED") or not pod["spec"].get("nodeName"):
            return
        uid, node = pod["metadata"]["uid"], pod["spec"]["nodeName"]
        with self._lock:
            before = self._on(node)
            status = pod.get("status", {})
            # An image that the list has gained is held by a container of the latter kind.
            statuses = status.get("containerStatuses", []) + status.get("ephemeralContainerStatuses", [])
            running = frozenset(
                each["name"] for each in statuses
                if each["name"].startswith("app") and "running" in each.get("state", {}))
            self._running[uid] = (node, frozenset() if event["type"] == "DELETED" else running)
            after = self._on(node)
            for image in before - after:
                self._lost[node, image] = now
            for image in after - before:
                if (since := self._lost.pop((node, image), None)) is not None:
                    self._seconds += now - since

    def _on(self, node: str) -> set[str]:
        return {name for place, names in self._running.values() if place == node for name in names}

    def held(self, images: set[str]) -> bool:
        """Whether all of these are held on all nodes."""
        with self._lock:
            nodes = {place for place, names in self._running.values() if names}
            return len(nodes) == NODES and all(images <= self._on(node) for node in nodes)

    def take_seconds(self) -> float:
        """Container-seconds in which an image that had been held wasn't, since the last call."""
        with self._lock:
            seconds, self._seconds = self._seconds, 0.0
            return seconds


def _seconds(programs: Programs, name: str) -> float:
    """One image is added to ten: container-seconds, of all nodes, in which another one isn't held; the mean."""
    with Workshop() as workshop:
        cluster, references = growing_list.start(workshop, programs, NODES, IMAGES + ROUNDS)
        holding = _Holding(cluster.url)
        total = 0.0
        for edit in growing_list.grow(cluster, references, IMAGES, holding.held):
            holding.take_seconds()
            edit()
            seconds = holding.take_seconds()
            progress(f"unheld, {name}: {seconds:.1f} container-seconds on {NODES} nodes")
            total += seconds
        return total / ROUNDS
