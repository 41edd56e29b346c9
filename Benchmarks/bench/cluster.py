"""A simulated Kubernetes API with the real coordinator before it."""

import re
from collections.abc import Callable
from pathlib import Path

from .api import API
from .programs import Servers
from .workshop import Program, Workshop, eventually

NAMESPACE = "k8s-image-puller"
DAEMON_SET = "kubernetes-image-puller"
CONFIG_MAP = f"/api/v1/namespaces/{NAMESPACE}/configmaps"


class Cluster:
    """The simulator and the coordinator. Without an agent program pods are only modelled."""

    def __init__(
        self, workshop: Workshop, programs: Servers, kip_image: str, nodes: int = 1, options: tuple[str, ...] = (),
        scenario: Path | None = None, agent: Path | None = None, images: dict[str, str] | None = None
    ):
        kubeconfig = workshop.folder / "kubeconfig"
        simulator = workshop.start(
            "cluster-simulator", programs.simulator, "serve", "--nodes", str(nodes),
            "--directory", workshop.folder / "cluster", "--kubeconfig", kubeconfig, "--kip-image", kip_image,
            *(("--scenario", scenario) if scenario else ()), *(("--agent", agent) if agent else ()))
        self.url = _find(simulator, simulator.output, r"^ready .*api=(\S+)")
        self.kubernetes = API(self.url)
        workshop.at_end(self.kubernetes.close)
        self.kubernetes.do("POST", CONFIG_MAP, {
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": NAMESPACE, "namespace": NAMESPACE},
            # However full this machine's disk is.
            "data": {"IMAGES": _list(images or {}), "KIP_IMAGE": kip_image, "IMAGE_GC_HIGH_PERCENT": "100"}})
        coordinator = workshop.start(
            "coordinator", programs.coordinator, "serve", "--kubeconfig", kubeconfig, "--agent-host", "127.0.0.1",
            "--agent-port", "0", "--port", "0", "--history", workshop.folder / "history.sqlite", *options)
        self.process = coordinator
        port = _find(coordinator, coordinator.log, r"address=127\.0\.0\.1:(\d+) listener=local")
        self.agent_port = int(
            _find(coordinator, coordinator.log, r"address=127\.0\.0\.1:(\d+) listener=agents"))
        self.server = f"http://127.0.0.1:{port}"
        self.coordinator = API(self.server)
        workshop.at_end(self.coordinator.close)
        eventually("the DaemonSet is there", self.daemon_set)

    def edit(self, images: dict[str, str]) -> None:
        """Makes these the image list: name → reference."""
        self.kubernetes.do(
            "PATCH", f"{CONFIG_MAP}/{NAMESPACE}",
            {"metadata": {"annotations": {"image-puller/allow-empty": "true"}}, "data": {"IMAGES": _list(images)}},
            "application/merge-patch+json")

    def daemon_set(self, name: str = DAEMON_SET) -> dict | None:
        return self.kubernetes.get(f"/apis/apps/v1/namespaces/{NAMESPACE}/daemonsets/{name}")

    def bundle(self) -> str:
        """What agents trust: the ConfigMap of the coordinator's authorities."""
        path = f"{CONFIG_MAP}/kubernetes-image-puller-ca"
        return eventually("the authority is published", lambda: self.kubernetes.get(path))["data"]["ca.crt"]

    def pods(self) -> list[dict]:
        """The DaemonSet's pods that have a node."""
        items = self.kubernetes.do("GET", f"/api/v1/namespaces/{NAMESPACE}/pods", None)["items"]
        return [pod for pod in items if pod["spec"].get("nodeName")]

    def token(self, pod: str, kubernetes: API | None = None) -> str:
        """What the kubelet would mount into the agent of a pod."""
        spec = {
            "audiences": ["image-puller"], "expirationSeconds": 3600,
            "boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": pod}}
        path = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{DAEMON_SET}-agent/token"
        return (kubernetes or self.kubernetes).do("POST", path, {"spec": spec})["status"]["token"]

    def present(self, names: set[str]) -> bool:
        """Whether coverage shows all of these image entries on all nodes."""
        report = self.coordinator.get("/api/v1/coverage?by=image")
        rows = {row["name"]: row["counts"] for row in report["rows"]} if report else {}
        return all(name in rows and 0 < rows[name]["cells"] == rows[name]["present"] for name in names)

    def await_state(self, what: str, condition: Callable[[], bool], seconds: float = 60) -> None:
        """Asks often enough for figures of tenths of a second."""
        try:
            eventually(what, condition, seconds, pause=0.01)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; coverage is {self.coordinator.get('/api/v1/coverage')}") from None


def _list(images: dict[str, str]) -> str:
    return ";\n".join(f"{name}={reference}" for name, reference in images.items())


def _find(program: Program, file: Path, pattern: str) -> str:
    def search() -> re.Match[str] | None:
        program.check()
        return re.search(pattern, file.read_text(errors="replace"), re.MULTILINE)

    return eventually(f"{program.name} is ready", search)[1]
