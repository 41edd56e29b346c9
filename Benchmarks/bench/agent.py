"""The real agent on the real runtime, in the place of a simulated node's."""

import base64
from pathlib import Path

from .cluster import Cluster
from .runtime import Containerd
from .workshop import Program, Workshop


def start(workshop: Workshop, program: Path, cluster: Cluster, runtime: Containerd) -> Program:
    """Starts it with the environment that the DaemonSet gives its container."""
    token = workshop.folder / "token"
    token.write_bytes(base64.b64decode(cluster.agent_token()))
    containers = cluster.daemon_set()["spec"]["template"]["spec"]["containers"]
    container = next(each for each in containers if each["name"] == "image-puller-agent")
    environment = {each["name"]: each["value"] for each in container["env"] if "value" in each}
    environment |= {
        "IMAGE_PULLER_NODE": "node-1", "IMAGE_PULLER_TOKEN_FILE": str(token),
        "IMAGE_PULLER_RUNTIME_SOCKETS": str(runtime.socket),
    }
    environment.pop("IMAGE_PULLER_PULL_SECRETS", None)
    return workshop.start("node-agent", program, environment=environment)
