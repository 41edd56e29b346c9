"""A crowd before the real coordinator."""

import re
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bench.api import API
from bench.workshop import Program, Workshop, eventually, free_port

from . import wire
from .agents import Agent, Agents
from .kubernetes import NAMESPACE, Crowd, serve

KIP_IMAGE = "registry.example.com/image-puller/agent:bench"


def image(number: int) -> str:
    """As Benchmarks/History has it: agents report what history remembers."""
    return f"registry.example.com/team-{number % 9}/service-{number}:1.{number}"


class Stage:
    """Simulator, made-up nodes and pods, coordinator, agents."""

    def __init__(
        self, workshop: Workshop, coordinator: Path, simulator: Path, nodes: int, images: int,
        history: Path | None = None, options: tuple[str, ...] = ()
    ):
        self._workshop = workshop
        self._options = options
        self._coordinator = coordinator
        self.nodes = nodes
        self.images = [image(number) for number in range(images)]
        simulated = workshop.start(
            "cluster-simulator", simulator, "serve", "--nodes", "0", "--directory", workshop.folder / "cluster",
            "--kubeconfig", workshop.folder / "simulator.kubeconfig", "--kip-image", KIP_IMAGE)
        url = _find(simulated, simulated.output, r"^ready .*api=(\S+)")
        self.crowd = Crowd(nodes, url)
        self._server = serve(self.crowd)
        workshop.at_end(self._server.shutdown)
        self._kubeconfig = workshop.write(
            "kubeconfig",
            (workshop.folder / "simulator.kubeconfig").read_text().replace(
                url, f"http://127.0.0.1:{self._server.server_port}"))
        self.kubernetes = API(url)
        workshop.at_end(self.kubernetes.close)
        names = ";\n".join(f"image-{number}={reference}" for number, reference in enumerate(self.images))
        self.kubernetes.do("POST", f"/api/v1/namespaces/{NAMESPACE}/configmaps", {
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": NAMESPACE, "namespace": NAMESPACE},
            "data": {"IMAGES": names, "KIP_IMAGE": KIP_IMAGE}})
        self.history = workshop.folder / "history.sqlite"
        if history:
            shutil.copyfile(history, self.history)
        # The same after a restart: it's part of the pods' template.
        self.agent_port = free_port()
        self.process: Program | None = None
        self.agents: Agents | None = None
        self.crowds: list[Agents] = []
        self._runs = 0

    def start(self) -> None:
        """Starts the coordinator; another one must have ended."""
        self._runs += 1
        self.process = self._workshop.start(
            f"coordinator-{self._runs}", self._coordinator, "serve", "--kubeconfig", self._kubeconfig,
            "--agent-host", "127.0.0.1", "--agent-port", str(self.agent_port), "--port", "0",
            "--history", self.history, *self._options)
        self.port = int(_find(self.process, self.process.log, r"address=127\.0\.0\.1:(\d+) listener=local"))
        _find(self.process, self.process.log, r"address=127\.0\.0\.1:(\d+) listener=agents")

    def prepare(self) -> None:
        """Lets a coordinator make the DaemonSet, from which the pods are made, and ends it."""
        self.start()
        eventually("the DaemonSet is there", self.crowd.template, 60)
        self.process.stop()

    def restart(self) -> None:
        """Lets one coordinator make the DaemonSet, and starts another."""
        self.prepare()
        self.start()

    def api(self) -> API:
        """For one thread."""
        api = API(f"http://127.0.0.1:{self.port}")
        self._workshop.at_end(api.close)
        return api

    def authority(self) -> str:
        """What agents trust."""
        path = f"/api/v1/namespaces/{NAMESPACE}/configmaps/kubernetes-image-puller-ca"
        return eventually("the authority is published", lambda: self.kubernetes.get(path))["data"]["ca.crt"]

    def bring_agents(
        self, first: int = 0, last: int | None = None, make: Callable[[int, str, str, bytes], Agent] = Agent
    ) -> None:
        """Lets agents come at once, in a thread of their own: all of them, or those of some nodes."""
        authority = self.authority()
        inventory = wire.inventory([*self.images, KIP_IMAGE])
        last = self.nodes if last is None else last
        agents = Agents(
            [make(number, Crowd.name(number), self.crowd.token(number), inventory) for number in range(first, last)],
            self.agent_port, authority)
        self.crowds.append(agents)
        self.agents = agents
        thread = threading.Thread(target=agents.run, args=(lambda: False,), daemon=True)
        thread.start()

        def end() -> None:
            agents.is_over = True
            thread.join(10)
            agents.close()

        self._workshop.at_end(end)

    def until_settled(self, seconds: float) -> float:
        """Waits until every agent has been heard and waits; returns how long it took."""
        begin = time.monotonic()

        def settled() -> bool:
            self.process.check()
            return self.settled == sum(len(agents.agents) for agents in self.crowds)

        eventually("all agents are heard", settled, seconds, pause=0.5)
        return time.monotonic() - begin

    @property
    def settled(self) -> int:
        """Agents that are heard and wait."""
        return sum(agents.settled for agents in self.crowds)

    @property
    def answers(self) -> int:
        """Reports that were answered."""
        return sum(agents.answers for agents in self.crowds)

    def memory(self, what: str) -> float:
        """VmRSS or VmHWM of the coordinator, in millions of bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{what}:\s+(\d+) kB", status, re.MULTILINE)[1]) * 1024 / 1e6


def _find(program: Program, file: Path, pattern: str) -> str:
    def search() -> re.Match[str] | None:
        program.check()
        return re.search(pattern, file.read_text(errors="replace"), re.MULTILINE)

    return eventually(f"{program.name} is ready", search)[1]
