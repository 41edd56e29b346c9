"""A line between a runtime and a registry that breaks: connections are reset after some bytes."""

import random
import socket
import struct
import threading

from .line import TCPLine, end, start
from .registry import Registry
from .workshop import free_port


class FlakyLine(TCPLine):
    """A relay that hands everything on, until a connection has carried its seeded random share: then it is reset (RST,
    which containerd doesn't survive within a pull, as it does a clean end)."""

    def __init__(self, registry: Registry, seed: int, shortest: int, longest: int):
        self.bytes = 0
        self.resets = 0
        self._random = random.Random(seed)
        self._range = (shortest, longest)
        self._lock = threading.Lock()
        super().__init__(free_port(), registry.port)

    def _begin(self, client: socket.socket, server: socket.socket) -> None:
        with self._lock:
            share = self._random.randint(*self._range)
        start(self._requests, client, server)
        start(self._answers, client, server, share)

    @staticmethod
    def _requests(client: socket.socket, server: socket.socket) -> None:
        try:
            while data := client.recv(1 << 16):
                server.sendall(data)
        except OSError:
            pass
        end(server)

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
            end(client)
        end(server)
