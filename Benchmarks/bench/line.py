"""What stands between two programs and hands on what they say, connection by connection."""

import abc
import socket
import threading
from collections.abc import Callable


class Line(abc.ABC):
    """Accepts connections until it is closed, and makes one to the server for each."""

    def __init__(self, listener: socket.socket, connect: Callable[[], socket.socket]):
        self._listener = listener
        self._connect = connect
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed
                return
            self._begin(client, self._connect())

    @abc.abstractmethod
    def _begin(self, client: socket.socket, server: socket.socket) -> None:
        """Has both directions carried, without waiting."""


class TCPLine(Line):
    """One to a registry, at a port of its own."""

    def __init__(self, port: int, server: int):
        self.host = f"127.0.0.1:{port}"
        super().__init__(
            socket.create_server(("127.0.0.1", port)), lambda: socket.create_connection(("127.0.0.1", server)))


def start(target: Callable[..., None], *arguments: object) -> None:
    threading.Thread(target=target, args=arguments, daemon=True).start()


def end(*connections: socket.socket) -> None:
    """Whoever of the two ends, the other one shall know."""
    for each in connections:
        try:
            each.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
