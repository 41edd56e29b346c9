"""A relay on a Unix socket, which sees when the last byte of each answer went to the client."""

import socket
import time
from dataclasses import dataclass
from pathlib import Path

from .line import Line, end, start
from .workshop import eventually


@dataclass
class Passage:
    """One connection: the bytes that came from the server, and when the last of them had been handed on."""

    bytes: int = 0
    last: float = 0
    is_over: bool = False


class Relay(Line):
    """Hands everything on between its clients and a server. The times are those of CLOCK_MONOTONIC."""

    def __init__(self, path: Path, server: Path):
        self.path = path
        self._passages: list[Passage] = []
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen(64)

        def connect() -> socket.socket:
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(str(server))
            return connection

        super().__init__(listener, connect)

    def passages(self) -> list[Passage]:
        """All of them, in the order in which they began; returns when they are over."""
        eventually("the connections end", lambda: all(passage.is_over for passage in self._passages))
        return list(self._passages)

    def _begin(self, client: socket.socket, server: socket.socket) -> None:
        passage = Passage()
        self._passages.append(passage)
        start(self._pump, client, server, None)
        start(self._pump, server, client, passage)

    @staticmethod
    def _pump(source: socket.socket, target: socket.socket, passage: Passage | None) -> None:
        try:
            while data := source.recv(1 << 16):
                target.sendall(data)
                if passage:
                    passage.last = time.clock_gettime(time.CLOCK_MONOTONIC)
                    passage.bytes += len(data)
        except OSError:
            pass
        if passage:
            passage.is_over = True
        end(source, target)
