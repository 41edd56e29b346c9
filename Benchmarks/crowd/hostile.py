"""An agent with a valid token that does its worst: every kind of report that can do harm, one after the other and at once.

It speaks to our own coordinator alone, over TLS, as an agent would whose node somebody has taken over. A program of its own,
which tells what it was answered when it's ended: the figures' own threads don't wait for its.
"""

import collections
import http.client
import json
import os
import random
import signal
import ssl
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from . import wire

MOST = 2 ** 64 - 1
IMAGES = 4096
# Seconds of each phase. Large reports take turns, then small ones, as an agent has one request at a time; then all come at
# once, and displace each other.
PHASE = 10
LARGE, SMALL, ALL = range(3)
# Pods have addresses of their own.
ADDRESS = "127.66.66.66"


class HostileAgent:
    """Runs in threads of its own, one for each kind of report, until it's stopped."""

    def __init__(self, node: str, other: str, token: str, port: int, references: list[str], authority: str):
        self._node = node
        self._others = other
        self._token = token
        self._port = port
        self._references = references
        self._context = ssl.create_default_context(cadata=authority)
        self._sequence = 0
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._begin = time.monotonic()
        self._is_over = threading.Event()
        self._threads: list[threading.Thread] = []
        # Large parts, made once: what makes them shares the machine with what is measured.
        self._parts: dict[str, list[bytes]] = {}
        # By kind and status.
        self.answers: collections.Counter[str] = collections.Counter()

    def start(self) -> None:
        large = [
            self.largest_inventory, self.largest_delta, self.too_many_images, self.duplicates, self.variants,
            self.repeated_delta, self.spread, self.invented_attempts, self.ordered_attempts, self.nested_json]
        small = [
            self.invented_pulls, self.extremes, self.flapping, self.boots, self.random_bytes, self.other_node,
            self.control_characters, self.unknown_fields, self.standing_by]
        for number, kind in enumerate(large + small):
            options = (random.Random(number), kind, LARGE if kind in large else SMALL)
            self._threads.append(threading.Thread(target=self._run, args=options, daemon=True))
        for work in (self._slow_bodies, self._handshakes):
            self._threads.append(threading.Thread(target=work, daemon=True))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._is_over.set()
        deadline = time.monotonic() + 10
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    @property
    def _phase(self) -> int:
        return int((time.monotonic() - self._begin) / PHASE) % 3

    def _run(self, chance: random.Random, kind: Callable, phase: int) -> None:
        connection = self._connect()
        while not self._is_over.is_set():
            now = self._phase
            if now not in (phase, ALL):
                self._is_over.wait(0.5)
                continue
            content_type, body = kind(chance)
            if now == ALL:
                status = self._send(connection, kind.__name__, content_type, body)
                self._is_over.wait(1 if status == 429 else 0.002)
                continue
            with self._turn:
                # What is refused is paid for, too: a large report needs a pause.
                if self._send(connection, kind.__name__, content_type, body) == 429:
                    self._is_over.wait(1.5)
            # Locks aren't fair: the others come between.
            self._is_over.wait(0.002)

    def _connect(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(
            "127.0.0.1", self._port, context=self._context, timeout=30, source_address=(ADDRESS, 0))

    def _send(
        self, connection: http.client.HTTPSConnection, kind: str, content_type: str, body: bytes
    ) -> int | None:
        try:
            connection.request("POST", "/agent/v1/reports?after=0&wait=0", body, {
                "Content-Type": content_type, "Authorization": f"Bearer {self._token}"})
            response = connection.getresponse()
            response.read()
            self._count(kind, response.status)
            return response.status
        except (OSError, http.client.HTTPException) as error:
            self._count(kind, type(error).__name__)
            connection.close()
            return None

    def _count(self, kind: str, what: object) -> None:
        with self._lock:
            self.answers[f"{kind} {what}"] += 1

    def _head(self, boot: str = "hostile", node: str | None = None) -> bytes:
        with self._lock:
            self._sequence += 1
            sequence = self._sequence
        return wire.report(node or self._node, boot, sequence, sequence - 1, 0)

    # Each kind gives a content type and a body.

    def _protobuf(self, *parts: bytes) -> tuple[str, bytes]:
        return "application/x-protobuf", b"".join(parts)

    def _image(self, chance: random.Random, name: str | None = None) -> bytes:
        digest = f"{chance.getrandbits(256):064x}"
        name = name or f"evil.example/{digest[:40]}:{digest[:20]}"
        return b"".join((
            wire.text(1, f"sha256:{digest}"), wire.text(2, name), wire.text(3, f"evil.example/a@sha256:{digest}"),
            wire.number(4, chance.getrandbits(40))))

    def _part(self, kind: str, chance: random.Random, make: Callable[[], bytes]) -> bytes:
        parts = self._parts.setdefault(kind, [])
        if len(parts) < 4:
            parts.append(make())
        return chance.choice(parts)

    def largest_inventory(self, chance: random.Random) -> tuple[str, bytes]:
        images = self._part("inventory", chance, lambda: b"".join(
            wire.text(1, self._image(chance)) for _ in range(IMAGES)))
        return self._protobuf(self._head(), wire.text(8, images))

    def largest_delta(self, chance: random.Random) -> tuple[str, bytes]:
        delta = self._part("delta", chance, lambda: b"".join(
            [wire.text(2, self._image(chance)) for _ in range(IMAGES)]
            + [wire.text(3, f"sha256:{chance.getrandbits(256):064x}") for _ in range(IMAGES)]))
        return self._protobuf(self._head(), wire.text(9, delta))

    def too_many_images(self, chance: random.Random) -> tuple[str, bytes]:
        images = self._part("too many", chance, lambda: b"".join(
            wire.text(1, self._image(chance)) for _ in range(IMAGES + 1)))
        return self._protobuf(self._head(), wire.text(8, images))

    def duplicates(self, chance: random.Random) -> tuple[str, bytes]:
        image = wire.text(1, self._image(chance, self._references[0]))
        return self._protobuf(self._head(), wire.text(8, image * IMAGES))

    def variants(self, chance: random.Random) -> tuple[str, bytes]:
        """One id for all images, each time with other names."""
        images = self._part("variants", chance, lambda: b"".join(
            wire.text(1, wire.text(1, f"sha256:{1:064x}") + wire.text(2, f"evil.example/a:{chance.getrandbits(64)}"))
            for _ in range(IMAGES)))
        return self._protobuf(self._head(), wire.text(8, images))

    def repeated_delta(self, chance: random.Random) -> tuple[str, bytes]:
        """The same few ids come, change and go, thousands of times in one delta."""
        delta = self._part("repeated", chance, lambda: b"".join(
            [wire.text(2, wire.text(1, f"sha256:{number % 3:064x}") + wire.text(2, f"evil.example/b:{number}"))
             for number in range(IMAGES)]
            + [wire.text(3, f"sha256:{number % 3:064x}") for number in range(IMAGES)]))
        return self._protobuf(self._head(), wire.text(9, wire.number(1, 1) + delta))

    def spread(self, chance: random.Random) -> tuple[str, bytes]:
        return self._protobuf(self._head(), wire.text(8, b"\x0a\x00" * 500_000))

    def invented_attempts(self, chance: random.Random) -> tuple[str, bytes]:
        attempts = self._part("attempts", chance, lambda: b"".join(
            wire.text(10, b"".join((
                wire.number(1, 1 + chance.getrandbits(62)), wire.number(2, 1 + chance.getrandbits(62)),
                wire.text(3, f"r{chance.getrandbits(40)}.example/made-up:{number}"), wire.number(6, 2),
                wire.text(7, "x" * 1500))))
            for number in range(1000)))
        return self._protobuf(self._head(), attempts)

    def invented_pulls(self, chance: random.Random) -> tuple[str, bytes]:
        pulls = self._part("pulls", chance, lambda: b"".join(
            wire.text(11, wire.number(1, 1 + chance.getrandbits(62)) + wire.text(2, chance.choice(self._references)))
            for _ in range(1000)))
        return self._protobuf(self._head(), pulls)

    def extremes(self, chance: random.Random) -> tuple[str, bytes]:
        number = chance.choice((MOST, MOST - 1, 2 ** 63, 2 ** 63 - 1))
        image = wire.text(1, f"sha256:{1:064x}") + wire.text(2, self._references[1]) + wire.number(4, number)
        attempt = b"".join(wire.number(field, number) for field in (1, 2, 4, 5, 8, 10)) + wire.text(3, "a")
        return self._protobuf(
            self._head(), wire.text(6, wire.number(1, number) + wire.number(2, number)), wire.text(8, wire.text(1, image)),
            wire.text(10, attempt), wire.number(12, number), wire.number(13, number))

    def flapping(self, chance: random.Random) -> tuple[str, bytes]:
        """All images there, or none."""
        there = self._references if chance.random() < 0.5 else []
        return self._protobuf(self._head(), wire.text(8, wire.inventory(there)))

    def ordered_attempts(self, chance: random.Random) -> tuple[str, bytes]:
        """A thousand attempts of an order that an earlier run could have given."""
        attempts = b"".join(
            wire.text(10, b"".join((
                wire.number(1, 1 + chance.getrandbits(62)), wire.number(2, 1 + chance.getrandbits(8)),
                wire.text(3, chance.choice(self._references)), wire.number(6, 2),
                wire.text(7, "toomanyrequests: retry-after, dial tcp: i/o timeout " * 30))))
            for _ in range(1000))
        return self._protobuf(self._head(), attempts)

    def boots(self, chance: random.Random) -> tuple[str, bytes]:
        return self._protobuf(
            self._head(boot=f"boot-{chance.getrandbits(64)}"), wire.text(8, wire.inventory(self._references)))

    def random_bytes(self, chance: random.Random) -> tuple[str, bytes]:
        return self._protobuf(chance.randbytes(chance.randrange(1, 100_000)))

    def other_node(self, chance: random.Random) -> tuple[str, bytes]:
        return self._protobuf(self._head(node=self._others), wire.text(8, b""))

    def nested_json(self, chance: random.Random) -> tuple[str, bytes]:
        return "application/json", b'{"full":' * 50_000

    def control_characters(self, chance: random.Random) -> tuple[str, bytes]:
        runtime = wire.text(1, "containerd\x1b[2J\r\n") + wire.text(4, "cannot\nconnect\x07") + wire.number(6, 1)
        return self._protobuf(self._head(), wire.text(5, runtime))

    def unknown_fields(self, chance: random.Random) -> tuple[str, bytes]:
        """Fields that nobody knows, of every kind that there is, groups and kinds that there aren't among them."""
        kind = chance.randrange(8)
        content = {0: b"\x01", 1: b"8 bytes.", 2: b"\x02ab", 5: b"four"}.get(kind, b"")
        field = bytes((0x80 | (100 << 3 | kind) & 0x7F, (100 << 3 | kind) >> 7)) + content
        return self._protobuf(self._head(), field * chance.choice((1, 5_000)))

    def standing_by(self, chance: random.Random) -> tuple[str, bytes]:
        """Says that another agent of the node works, and now and then the contrary, each time with all that it can say."""
        attempt = b"".join((wire.number(1, chance.getrandbits(8)), wire.number(2, chance.getrandbits(8)),
                            wire.text(3, chance.choice(self._references)), wire.number(6, 2), wire.text(7, "timeout")))
        return self._protobuf(
            self._head(boot=f"boot-{chance.getrandbits(1)}"), wire.text(8, wire.inventory(self._references)),
            wire.text(10, attempt), wire.text(11, wire.number(1, 7) + wire.text(2, self._references[0])),
            wire.number(14, chance.choice((0, 1, MOST))))

    def _slow_bodies(self) -> None:
        """Forty connections that say that a large body comes, and let it drip."""
        head = (
            "POST /agent/v1/reports HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-protobuf\r\n"
            f"Authorization: Bearer {self._token}\r\nContent-Length: 2000000\r\n\r\n").encode()
        while not self._is_over.is_set():
            if self._phase != ALL:
                self._is_over.wait(0.5)
                continue
            connections = []
            try:
                for _ in range(40):
                    connection = self._connect()
                    connection.connect()
                    connection.sock.sendall(head)
                    connections.append(connection)
                for _ in range(20):
                    for connection in connections:
                        try:
                            connection.sock.sendall(b"\x0a")
                        except OSError:
                            self._count("slow_bodies", "closed")
                    if self._is_over.wait(0.5):
                        break
            except OSError as error:
                self._count("slow_bodies", type(error).__name__)
                self._is_over.wait(0.5)
            finally:
                for connection in connections:
                    connection.close()

    def _handshakes(self) -> None:
        """Connections that end as soon as TLS is spoken."""
        while not self._is_over.is_set():
            try:
                connection = self._connect()
                connection.connect()
                connection.close()
                self._count("handshakes", "made")
            except OSError as error:
                self._count("handshakes", type(error).__name__)
            self._is_over.wait(0.002)


def main(path: str) -> None:
    """Until SIGTERM."""
    # On a node of its own it would take nothing of the coordinator's processors.
    os.nice(19)
    agent = HostileAgent(**json.loads(Path(path).read_text()))
    is_over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: is_over.set())
    agent.start()
    is_over.wait()
    agent.stop()
    print(json.dumps(agent.answers), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
