"""A simulated Kubernetes API with the real coordinator before it."""

import re
from collections.abc import Callable
from pathlib import Path

from .api import API
from .programs import Programs
from .workshop import Program, Workshop, eventually

NAMESPACE = "k8s-image-puller"
DAEMON_SET = "kubernetes-image-puller"
CONFIG_MAP = f"/api/v1/namespaces/{NAMESPACE}/configmaps"


class Cluster:
    """The simulator without any agent program (pods are only modelled), and the coordinator."""

    def __init__(self, workshop: Workshop, programs: Programs, kip_image: str, nodes: int = 1):
        kubeconfig = workshop.folder / "kubeconfig"
        simulator = workshop.start(
            "cluster-simulator", programs.simulator, "serve", "--nodes", str(nodes),
            "--directory", workshop.folder / "cluster", "--kubeconfig", kubeconfig, "--kip-image", kip_image)
        self.url = _find(simulator, simulator.output, r"^ready .*api=(\S+)")
        self.kubernetes = API(self.url)
        workshop.at_end(self.kubernetes.close)
        self.kubernetes.do("POST", CONFIG_MAP, {
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": NAMESPACE, "namespace": NAMESPACE},
            "data": {"IMAGES": "", "KIP_IMAGE": kip_image}})
        coordinator = workshop.start(
            "coordinator", programs.coordinator, "serve", "--kubeconfig", kubeconfig, "--agent-host", "127.0.0.1",
            "--agent-port", "0", "--port", "0", "--history", workshop.folder / "history.sqlite")
        port = _find(coordinator, coordinator.log, r"address=127\.0\.0\.1:(\d+) listener=local .*listening")
        self.coordinator = API(f"http://127.0.0.1:{port}")
        workshop.at_end(self.coordinator.close)
        eventually("the DaemonSet is there", self.daemon_set)

    def edit(self, images: dict[str, str]) -> None:
        """Makes these the image list: name → reference."""
        text = ";\n".join(f"{name}={reference}" for name, reference in images.items())
        self.kubernetes.do(
            "PATCH", f"{CONFIG_MAP}/{NAMESPACE}",
            {"metadata": {"annotations": {"image-puller/allow-empty": "true"}}, "data": {"IMAGES": text}},
            "application/merge-patch+json")

    def daemon_set(self) -> dict | None:
        return self.kubernetes.get(f"/apis/apps/v1/namespaces/{NAMESPACE}/daemonsets/{DAEMON_SET}")

    def agent_token(self) -> str:
        """The token of the DaemonSet's agents, as its Secret has it (in base64)."""
        path = f"/api/v1/namespaces/{NAMESPACE}/secrets/{DAEMON_SET}-agent"
        return eventually("the agents' token is there", lambda: self.kubernetes.get(path))["data"]["token"]

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


def _find(program: Program, file: Path, pattern: str) -> str:
    def search() -> re.Match[str] | None:
        program.check()
        return re.search(pattern, file.read_text(errors="replace"), re.MULTILINE)

    return eventually(f"{program.name} is ready", search)[1]
