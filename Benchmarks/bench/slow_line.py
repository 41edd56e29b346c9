"""A line between runtimes and a registry that carries so many bytes a second, shared by all."""

import socket
import threading
import time

from .registry import Registry
from .workshop import free_port

# What a connection may take at once: a hundredth of a second of a gigabit line.
CHUNK = 1 << 17


class SlowLine:
    """A relay whose answers all come from one budget."""

    def __init__(self, registry: Registry, bytes_per_second: float):
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        self._server = registry.port
        self._rate = bytes_per_second
        self._lock = threading.Lock()
        # Until when the line is busy.
        self._busy = 0.0
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed
                return
            server = socket.create_connection(("127.0.0.1", self._server))
            threading.Thread(target=self._carry, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._carry, args=(server, client, True), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, is_slow: bool) -> None:
        try:
            while data := source.recv(CHUNK):
                if is_slow:
                    self._wait(len(data))
                target.sendall(data)
        except OSError:
            pass
        for each in (source, target):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _wait(self, size: int) -> None:
        with self._lock:
            now = time.monotonic()
            self._busy = max(now, self._busy) + size / self._rate
            pause = self._busy - now
        time.sleep(pause)
