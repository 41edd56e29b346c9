"""A line between a runtime and a registry that breaks: connections are reset after some bytes."""

import random
import socket
import struct
import threading

from .registry import Registry
from .workshop import free_port


class FlakyLine:
    """A relay that hands everything on, until a connection has carried its seeded random share: then it is reset (RST,
    which containerd doesn't survive within a pull, as it does a clean end)."""

    def __init__(self, registry: Registry, seed: int, shortest: int, longest: int):
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        self.bytes = 0
        self.resets = 0
        self._server = registry.port
        self._random = random.Random(seed)
        self._range = (shortest, longest)
        self._lock = threading.Lock()
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
            with self._lock:
                share = self._random.randint(*self._range)
            server = socket.create_connection(("127.0.0.1", self._server))
            threading.Thread(target=self._requests, args=(client, server), daemon=True).start()
            threading.Thread(target=self._answers, args=(client, server, share), daemon=True).start()

    @staticmethod
    def _requests(client: socket.socket, server: socket.socket) -> None:
        try:
            while data := client.recv(1 << 16):
                server.sendall(data)
        except OSError:
            pass
        _end(server)

    def _answers(self, client: socket.socket, server: socket.socket, share: int) -> None:
        try:
            while data := server.recv(min(1 << 18, share)):
                client.sendall(data)
                share -= len(data)
                with self._lock:
                    self.bytes += len(data)
                    if share == 0:
                        self.resets += 1
                if share == 0:
                    # Without lingering a close resets the connection, once the other thread doesn't read it any more.
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    client.shutdown(socket.SHUT_RD)
                    client.close()
                    break
        except OSError:
            pass
        if share:
            _end(client)
        _end(server)


def _end(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
