"""A line between runtimes and a registry that carries so many bytes a second, shared by all."""

import socket
import threading
import time

from .line import TCPLine, end, start
from .registry import Registry
from .workshop import free_port

# What a connection may take at once: a hundredth of a second of a gigabit line.
CHUNK = 1 << 17


class SlowLine(TCPLine):
    """A relay whose answers all come from one budget."""

    def __init__(self, registry: Registry, bytes_per_second: float):
        self._rate = bytes_per_second
        self._lock = threading.Lock()
        # Until when the line is busy.
        self._busy = 0.0
        super().__init__(free_port(), registry.port)

    def _begin(self, client: socket.socket, server: socket.socket) -> None:
        start(self._carry, client, server, False)
        start(self._carry, server, client, True)

    def _carry(self, source: socket.socket, target: socket.socket, is_slow: bool) -> None:
        try:
            while data := source.recv(CHUNK):
                if is_slow:
                    self._wait(len(data))
                target.sendall(data)
        except OSError:
            pass
        end(source, target)

    def _wait(self, size: int) -> None:
        with self._lock:
            now = time.monotonic()
            self._busy = max(now, self._busy) + size / self._rate
            pause = self._busy - now
        time.sleep(pause)
