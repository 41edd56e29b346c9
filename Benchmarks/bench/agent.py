"""The real agent on the real runtime, in the place of a simulated node's."""

import threading
import time
from pathlib import Path

from .api import API
from .cluster import DAEMON_SET, NAMESPACE, Cluster
from .runtime import Containerd
from .workshop import Program, Workshop, eventually


def start(
    workshop: Workshop, program: Path, cluster: Cluster, runtime: Containerd, node: str = "node-1",
    daemon_set: str = DAEMON_SET
) -> Program:
    """Starts it with the environment that the DaemonSet gives its container."""
    pod = eventually(
        "the node has its pod",
        lambda: next((each for each in cluster.pods() if _is_on(each, node, daemon_set)), None))
    name = node if daemon_set == DAEMON_SET else f"{node}-{daemon_set}"
    token = workshop.write(f"token-{name}", cluster.token(pod["metadata"]["name"]))
    authority = workshop.write("ca.crt", cluster.bundle())
    containers = cluster.daemon_set(daemon_set)["spec"]["template"]["spec"]["containers"]
    container = next(each for each in containers if each["name"] == "image-puller-agent")
    environment = {each["name"]: each["value"] for each in container["env"] if "value" in each}
    environment |= {
        "IMAGE_PULLER_NODE": node, "IMAGE_PULLER_TOKEN_FILE": str(token),
        "IMAGE_PULLER_CA_FILE": str(authority), "IMAGE_PULLER_RUNTIME_SOCKETS": str(runtime.socket),
    }
    environment.pop("IMAGE_PULLER_PULL_SECRETS", None)
    agent = workshop.start(f"node-agent-{name}", program, environment=environment)
    _follow_pods(cluster, node, token, daemon_set, pod["metadata"]["name"], agent)
    return agent


def _is_on(pod: dict, node: str, daemon_set: str) -> bool:
    owners = [each["name"] for each in pod["metadata"].get("ownerReferences", [])]
    return pod["spec"].get("nodeName") == node and daemon_set in owners


def _follow_pods(cluster: Cluster, node: str, file: Path, daemon_set: str, known: str, agent: Program) -> None:
    """Has the agent end with its pod, and begin with the next one and its token."""

    def run() -> None:
        nonlocal known
        kubernetes = API(cluster.url)
        while True:
            try:
                items = kubernetes.do("GET", f"/api/v1/namespaces/{NAMESPACE}/pods", None)["items"]
                names = [
                    each["metadata"]["name"] for each in items
                    if _is_on(each, node, daemon_set) and "deletionTimestamp" not in each["metadata"]]
                if names and names[0] != known:
                    token = cluster.token(names[0], kubernetes)
                    file.with_suffix(".new").write_text(token)
                    file.with_suffix(".new").rename(file)
                    known = names[0]
                    agent.restart()
            except Exception:  # the cluster is taken down
                return
            time.sleep(0.1)

    threading.Thread(target=run, daemon=True).start()
