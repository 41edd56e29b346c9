"""rotation_failed_reports."""

import hashlib
import http.client
import json
import random
import ssl
import threading
import time

from ..cluster import Cluster
from ..figures import Results, progress
from ..programs import Programs
from ..workshop import Workshop, eventually

AGENTS = 200
# Certificates that live for seconds, so that two minutes hold what takes years.
CERTIFICATE_SECONDS = 20
AUTHORITY_SECONDS = 60
# A kubelet brings a changed ConfigMap within this time; the coordinator is told a little more.
DELIVERY_SECONDS = 8
SECONDS = 120
# An agent asks on one connection as long as it can; here a new one is made so often that each certificate is seen.
REPORTS_A_CONNECTION = 5


def measure(programs: Programs, results: Results) -> None:
    with Workshop() as workshop:
        cluster = Cluster(workshop, programs, "registry.example.com/image-puller:bench", AGENTS, (
            "--certificate-seconds", str(CERTIFICATE_SECONDS), "--authority-seconds", str(AUTHORITY_SECONDS),
            "--authority-delivery-seconds", str(DELIVERY_SECONDS + 2)))
        cluster.edit({"web": "registry.example.com/shop/frontend:2.4"})
        progress(f"rotation: {AGENTS} agents report for {SECONDS} s, while certificates and authorities change")
        pods = eventually(
            "every node has its pod", lambda: pods if len(pods := cluster.pods()) == AGENTS else None,
            seconds=120)
        kubelets = Kubelets(cluster)
        traffic = Traffic(cluster.agent_port, kubelets)
        agents = [
            threading.Thread(target=traffic.report, args=(pod, cluster.token(pod["metadata"]["name"])), daemon=True)
            for pod in pods]
        end = time.monotonic() + SECONDS
        for agent in agents:
            agent.start()
        while time.monotonic() < end:
            kubelets.look()
            time.sleep(0.5)
        traffic.is_over.set()
        for agent in agents:
            agent.join(60)
        cluster.process.check()
        progress(
            f"rotation: {traffic.done} reports on {traffic.connections} connections, {len(traffic.certificates)} "
            f"certificates, {len(kubelets.seen)} bundles")
        for failure in sorted(set(traffic.failures))[:5]:
            progress(f"rotation: failed: {failure}")
        if len(traffic.certificates) < 4 or len(kubelets.seen) < 3:
            raise RuntimeError("nothing was rotated")
        if traffic.done < AGENTS:
            raise RuntimeError("there was hardly any traffic")
        results.give("rotation_failed_reports", len(traffic.failures))


class Kubelets:
    """Bring each bundle to every agent some time after it was published."""

    def __init__(self, cluster: Cluster):
        self._cluster = cluster
        # (when it was seen, the bundle), the newest last.
        self._bundles = [(time.monotonic() - DELIVERY_SECONDS, cluster.bundle())]

    @property
    def seen(self) -> set[str]:
        return {bundle for _, bundle in self._bundles}

    def look(self) -> None:
        bundle = self._cluster.bundle()
        if bundle != self._bundles[-1][1]:
            self._bundles.append((time.monotonic(), bundle))

    def mounted(self, delay: float) -> str:
        """What an agent sees whose kubelet takes so long."""
        now = time.monotonic()
        return next(bundle for seen, bundle in reversed(self._bundles) if seen + delay <= now)


class Traffic:
    """Agents that report over TLS, trusting only what their kubelet brought."""

    def __init__(self, port: int, kubelets: Kubelets):
        self._port = port
        self._kubelets = kubelets
        self._lock = threading.Lock()
        self.is_over = threading.Event()
        self.done = 0
        self.connections = 0
        self.failures: list[str] = []
        self.certificates: set[str] = set()

    def report(self, pod: dict, token: str) -> None:
        """One agent, until it's over."""
        delay = random.uniform(0, DELIVERY_SECONDS)
        sequence = 0
        while not self.is_over.is_set():
            try:
                connection = self._connect(delay)
            except OSError as error:
                self._failed(error)
                time.sleep(1)
                continue
            try:
                for _ in range(REPORTS_A_CONNECTION):
                    sequence += 1
                    self._send(connection, pod, token, sequence)
                    if self.is_over.wait(random.uniform(0.3, 0.9)):
                        break
            except (OSError, http.client.HTTPException, RuntimeError) as error:
                self._failed(error)
            finally:
                connection.close()

    def _connect(self, delay: float) -> http.client.HTTPSConnection:
        context = ssl.create_default_context(cadata=self._kubelets.mounted(delay))
        connection = http.client.HTTPSConnection("127.0.0.1", self._port, context=context, timeout=30)
        connection.connect()
        certificate = connection.sock.getpeercert(binary_form=True)
        with self._lock:
            self.connections += 1
            self.certificates.add(hashlib.sha256(certificate).hexdigest())
        return connection

    def _send(self, connection: http.client.HTTPSConnection, pod: dict, token: str, sequence: int) -> None:
        report = {
            "node": pod["spec"]["nodeName"], "bootId": pod["metadata"]["uid"], "sequence": sequence,
            "runtime": {"listed": True}, "full": {}}
        connection.request("POST", "/agent/v1/reports?after=0&wait=0", json.dumps(report), {
            "Content-Type": "application/json", "Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise RuntimeError(f"{response.status} {content[:200]!r}")
        with self._lock:
            self.done += 1

    def _failed(self, error: Exception) -> None:
        with self._lock:
            self.failures.append(f"{type(error).__name__}: {error}")
