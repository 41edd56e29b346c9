"""The real agent on the real runtime, in the place of a simulated node's."""

from pathlib import Path

from .cluster import Cluster
from .runtime import Containerd
from .workshop import Program, Workshop, eventually


def start(workshop: Workshop, program: Path, cluster: Cluster, runtime: Containerd) -> Program:
    """Starts it with the environment that the DaemonSet gives its container."""
    pod = eventually("the node has its pod", cluster.pods)[0]
    token = workshop.write("token", cluster.token(pod["metadata"]["name"]))
    authority = workshop.write("ca.crt", cluster.bundle())
    containers = cluster.daemon_set()["spec"]["template"]["spec"]["containers"]
    container = next(each for each in containers if each["name"] == "image-puller-agent")
    environment = {each["name"]: each["value"] for each in container["env"] if "value" in each}
    environment |= {
        "IMAGE_PULLER_NODE": "node-1", "IMAGE_PULLER_TOKEN_FILE": str(token),
        "IMAGE_PULLER_CA_FILE": str(authority), "IMAGE_PULLER_RUNTIME_SOCKETS": str(runtime.socket),
    }
    environment.pop("IMAGE_PULLER_PULL_SECRETS", None)
    return workshop.start("node-agent", program, environment=environment)
