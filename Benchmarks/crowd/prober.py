"""An honest agent that reports again as soon as it has its answer, and times it."""

import http.client
import ssl
import threading
import time

from . import wire
from .kubernetes import Crowd
from .stage import KIP_IMAGE, Stage


class Prober:
    """Runs in a thread of its own until it's closed."""

    def __init__(self, stage: Stage, number: int):
        self._node = Crowd.name(number)
        self._token = stage.crowd.token(number)
        self._port = stage.agent_port
        self._context = ssl.create_default_context(cadata=stage.authority())
        self._inventory = wire.inventory([*stage.images, KIP_IMAGE])
        self._times: list[float] = []
        self.failures = 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def take(self) -> list[float]:
        """The times since it was asked last, in seconds."""
        times, self._times = self._times, []
        return times

    def close(self) -> None:
        self._is_over.set()
        self._thread.join(10)

    def _run(self) -> None:
        connection = http.client.HTTPSConnection("127.0.0.1", self._port, context=self._context, timeout=30)
        sequence = acknowledged = 0
        wants_full = True
        while not self._is_over.wait(0.2):
            sequence += 1
            body = wire.report(
                self._node, f"boot-{self._node}", sequence, acknowledged, 0, self._inventory if wants_full else None)
            begin = time.perf_counter()
            try:
                connection.request("POST", "/agent/v1/reports?after=0&wait=0", body, {
                    "Content-Type": "application/x-protobuf", "Authorization": f"Bearer {self._token}"})
                response = connection.getresponse()
                content = response.read()
            except (OSError, http.client.HTTPException):
                self.failures += 1
                connection.close()
                continue
            self._times.append(time.perf_counter() - begin)
            if response.status == 200:
                acknowledged = sequence
                wants_full = wire.reply(content)[0]
            elif response.status != 503:
                self.failures += 1
