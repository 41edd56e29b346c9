"""A relay on a Unix socket, which sees when the last byte of each answer went to the client."""

import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from .workshop import eventually


@dataclass
class Passage:
    """One connection: the bytes that came from the server, and when the last of them had been handed on."""

    bytes: int = 0
    last: float = 0
    is_over: bool = False


class Relay:
    """Hands everything on between its clients and a server. The times are those of CLOCK_MONOTONIC."""

    def __init__(self, path: Path, server: Path):
        self.path = path
        self._server = server
        self._passages: list[Passage] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def passages(self) -> list[Passage]:
        """All of them, in the order in which they began; returns when they are over."""
        eventually("the connections end", lambda: all(passage.is_over for passage in self._passages))
        return list(self._passages)

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self._server))
            passage = Passage()
            self._passages.append(passage)
            threading.Thread(target=self._pump, args=(client, server, None), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, passage), daemon=True).start()

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
        # Whoever of the two ends, the other one shall know.
        for each in (source, target):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
