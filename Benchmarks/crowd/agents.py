"""Thousands of agents in one process: TLS and HTTP/1.1 kept alive, a report that is a long poll, as the real agent.

Each has an address of 127.0.0.0/8 of its own, as agents have. One thread, epoll, no framework: it takes little of the
machine that it shares with what is measured.
"""

import collections
import heapq
import random
import select
import socket
import ssl
import time
from collections.abc import Callable

from . import wire

READ, WRITE = select.EPOLLIN, select.EPOLLOUT
# As Sources/NodeAgent/Reporter/Conversation.swift.
FIRST_DELAY, LONGEST_DELAY, PATIENCE = 0.5, 30.0, 30.0


class Agent:
    """One agent: what it says next, and the connection that it says it on."""

    def __init__(self, number: int, node: str, token: str, inventory: bytes):
        self.number = number
        self.node = node
        self.token = token
        self.inventory = inventory
        self.boot = f"boot-{number}-{random.getrandbits(64):x}"
        self.sequence = self.acknowledged = self.generation = 0
        self.interval = self.heartbeat = 10.0
        self.wants_full = True
        self.failures = 0
        self.answers = 0
        self.socket: ssl.SSLSocket | None = None
        self.events = 0
        self.step = ""
        self.outgoing = b""
        self.incoming = bytearray()
        self.deadline = 0.0
        self.timer = 0
        self.listed = time.monotonic()

    def request(self) -> bytes:
        self.sequence += 1
        now = time.monotonic()
        if now - self.listed >= self.interval:
            self.listed = now - (now - self.listed) % self.interval
        body = wire.report(
            self.node, self.boot, self.sequence, self.acknowledged, int((now - self.listed) * 1000),
            self.inventory if self.wants_full else None)
        # News are acknowledged at once; a heartbeat is the poll.
        wait = 0 if self.wants_full else round(self.heartbeat)
        return self.message(body, wait)

    def message(self, body: bytes, wait: int) -> bytes:
        """A request with a report, which may wait for so many seconds."""
        self.deadline = time.monotonic() + wait + PATIENCE
        return (
            f"POST /agent/v1/reports?after={self.generation}&wait={wait} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"User-Agent: image-puller-node-agent/bench\r\nAccept: */*\r\nAuthorization: Bearer {self.token}\r\n"
            f"Content-Type: application/x-protobuf\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body

    def answered(self, body: bytes) -> None:
        wants_full, generation, interval, heartbeat = wire.reply(body)
        if generation is not None:
            self.generation, self.interval, self.heartbeat = generation, interval / 1000, heartbeat / 1000
        self.acknowledged = self.sequence
        self.wants_full = wants_full
        self.failures = 0
        self.answers += 1


class Agents:
    """All of them. `run` is for a thread of its own or the main one."""

    def __init__(self, agents: list[Agent], port: int, authority: str):
        self.agents = agents
        self.port = port
        self.context = ssl.create_default_context(cadata=authority)
        self._poll = select.epoll()
        self._by_file: dict[int, Agent] = {}
        self._by_number = {agent.number: agent for agent in agents}
        self._timers: list[tuple[float, int, int]] = []
        self.statuses: collections.Counter[str] = collections.Counter()
        self.connected = 0
        self.is_over = False

    @property
    def settled(self) -> int:
        """Agents whose inventory the coordinator has, and that wait on their connection."""
        return sum(1 for agent in self.agents if agent.answers > 0 and not agent.wants_full and agent.socket)

    @property
    def answers(self) -> int:
        """Reports that were answered with 200."""
        return self.statuses["200"]

    def run(self, until: Callable[[], bool]) -> None:
        now = time.monotonic()
        for agent in self.agents:
            # They lost their coordinator some ten seconds ago, as long as a pod takes to be replaced, and have tried again
            # four or five times.
            self._rest(agent, now + random.uniform(0.05, 1) * FIRST_DELAY * 2 ** 4)
        while not until() and not self.is_over:
            for file, events in self._poll.poll(0.05, 512):
                if agent := self._by_file.get(file):
                    self._go_on(agent)
            self._tick()

    def close(self) -> None:
        for agent in self.agents:
            self._close(agent)

    def _rest(self, agent: Agent, until: float) -> None:
        agent.deadline = until
        # An earlier timer of the agent means nothing any more.
        agent.timer += 1
        heapq.heappush(self._timers, (until, agent.number, agent.timer))

    def _tick(self) -> None:
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            _, number, timer = heapq.heappop(self._timers)
            agent = self._by_number[number]
            if timer != agent.timer:
                continue
            if agent.deadline > now:
                heapq.heappush(self._timers, (agent.deadline, number, timer))
            elif agent.socket is None:
                self._connect(agent)
            elif agent.step == "rest":
                self._begin(agent)
                self._go_on(agent)
            else:
                self._fail(agent, "timeout")

    def _connect(self, agent: Agent) -> None:
        plain = socket.socket()
        plain.setblocking(False)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plain.bind((f"127.{1 + (agent.number >> 16)}.{agent.number >> 8 & 255}.{agent.number & 255}", 0))
        plain.connect_ex(("127.0.0.1", self.port))
        # Not connected yet, so no handshake begins.
        agent.socket = plain
        agent.step = "connect"
        agent.events = 0
        self._by_file[plain.fileno()] = agent
        self._watch(agent, WRITE)
        self._rest(agent, time.monotonic() + PATIENCE)

    def _watch(self, agent: Agent, events: int) -> None:
        if agent.events == events:
            return
        if agent.events:
            self._poll.modify(agent.socket.fileno(), events)
        else:
            self._poll.register(agent.socket.fileno(), events)
        agent.events = events

    def _close(self, agent: Agent) -> None:
        if agent.socket is None:
            return
        if agent.events:
            self._poll.unregister(agent.socket.fileno())
        self._by_file.pop(agent.socket.fileno(), None)
        agent.socket.close()
        agent.socket = None
        agent.step = ""
        agent.events = 0
        agent.incoming.clear()

    def _fail(self, agent: Agent, why: str, after: float = 0) -> None:
        self.statuses[why] += 1
        self._close(agent)
        self._pause(agent, after)

    def _pause(self, agent: Agent, after: float) -> None:
        agent.failures += 1
        ceiling = min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(agent.failures - 1, 10))
        delay = max(after, random.uniform(0.05, 1) * ceiling)
        self._rest(agent, time.monotonic() + min(delay, LONGEST_DELAY))

    def _go_on(self, agent: Agent) -> None:
        try:
            self._steps(agent)
        except ssl.SSLWantReadError:
            self._watch(agent, READ)
        except ssl.SSLWantWriteError:
            self._watch(agent, WRITE)
        except (OSError, ValueError) as error:
            self._fail(agent, type(error).__name__)

    def _steps(self, agent: Agent) -> None:
        if agent.step == "connect":
            plain = agent.socket
            if code := plain.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise OSError(code, "connect")
            file = plain.fileno()
            self._poll.unregister(file)
            agent.events = 0
            agent.socket = self.context.wrap_socket(
                plain, server_hostname="127.0.0.1", do_handshake_on_connect=False)
            self._by_file[agent.socket.fileno()] = agent
            agent.step = "handshake"
        if agent.step == "handshake":
            agent.socket.do_handshake()
            self.connected += 1
            self._begin(agent)
        if agent.step == "send":
            self._send(agent)
        if agent.step == "rest" and not agent.socket.recv(1 << 14):
            return self._fail(agent, "closed")
        while agent.step == "read":
            data = agent.socket.recv(1 << 14)
            if not data:
                return self._fail(agent, "closed")
            agent.incoming += data
            self._read(agent)
            if agent.step == "send":
                self._send(agent)

    def _begin(self, agent: Agent) -> None:
        agent.outgoing = agent.request()
        agent.step = "send"

    def _send(self, agent: Agent) -> None:
        while agent.outgoing:
            sent = agent.socket.send(agent.outgoing)
            agent.outgoing = agent.outgoing[sent:]
        agent.step = "read"
        self._watch(agent, READ)

    def _read(self, agent: Agent) -> None:
        end = agent.incoming.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(agent.incoming[:end]).decode("latin-1").lower()
        length = int(head.split("content-length:", 1)[1].split("\r\n", 1)[0])
        if len(agent.incoming) < end + 4 + length:
            return
        body = bytes(agent.incoming[end + 4:end + 4 + length])
        del agent.incoming[:end + 4 + length]
        status = head.split(" ", 2)[1]
        if status != "200":
            after = float(head.split("retry-after:", 1)[1].split("\r\n", 1)[0]) if "retry-after:" in head else 0
            if "connection: close" in head:
                return self._fail(agent, status, after)
            # As libcurl, which the agent asks through, keeps a connection after any whole answer.
            self.statuses[status] += 1
            agent.step = "rest"
            return self._pause(agent, after)
        self.statuses[status] += 1
        agent.answered(body)
        self._begin(agent)
