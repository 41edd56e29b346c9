"""What reports say while thousands of cells change and the coordinator is killed, held against what was there."""

import bisect
import math
import random
import sqlite3
import time
from datetime import datetime, timedelta, timezone

from bench.figures import FIGURES, Figure, Results, progress
from bench.workshop import eventually

from . import wire
from .agents import Agent
from .stage import KIP_IMAGE, Stage

FIGURES.update({
    # Pulls that agents made and history doesn't know, or that it knows and nobody made.
    "truth_lost_attempts": Figure("attempts", 0),
    # Rows of the live report, a row a node, that were wrong for longer than an interval.
    "truth_wrong_rows": Figure("rows", 0),
    # The same of past moments, each second of the run.
    "truth_wrong_past_rows": Figure("rows", 0),
    # What all that was held against.
    "truth_changes": Figure("changes"),
    "truth_rows": Figure("rows"),
})

# Of all cells, those that somebody deletes each second.
SHARE = 0.01
# When a change is seen, and what it is stamped with: an answer's way and rounding.
SLACK = 1.5


class ChangingAgent(Agent):
    """An agent of whose node images vanish, and which pulls them as it's told."""

    def __init__(self, number: int, node: str, token: str, inventory: bytes, references: list[str]):
        super().__init__(number, node, token, inventory)
        self.references = references
        self.present = set(range(len(references)))
        self.is_changing = False
        self.pulls: dict[int, tuple[int, float, float]] = {}
        # What the coordinator hasn't confirmed: images by whether they are there now, and attempts.
        self.changed: dict[int, bool] = {}
        self.attempts: dict[int, tuple[int, int, float, float]] = {}
        self.made = 0
        # Since when so many images are there, of all times.
        self.counts: list[tuple[float, int]] = [(0.0, len(references))]
        # When the coordinator didn't know of the node what it must.
        self.gaps: list[tuple[float, float]] = []
        self.gap: float | None = 0.0
        self.last_answer = 0.0

    def request(self) -> bytes:
        now = time.monotonic()
        self._look(now)
        self.sequence += 1
        news = b"".join(
            wire.text(10, b"".join((
                wire.number(1, attempt), wire.number(2, order), wire.text(3, self.references[index]),
                wire.number(4, int((now - began) * 1000)), wire.number(5, int((now - ended) * 1000)), wire.number(6, 1),
                wire.text(9, wire.image_id(index)), wire.number(10, 50_000_000 + index))))
            for attempt, (order, index, began, ended) in self.attempts.items())
        news += b"".join(
            wire.text(11, b"".join((
                wire.number(1, order), wire.text(2, self.references[index]), wire.number(3, int((now - began) * 1000)))))
            for order, (index, began, _) in self.pulls.items())
        full = None
        if self.wants_full:
            absent = set(range(len(self.references))) - self.present
            full = wire.inventory([*self.references, KIP_IMAGE], absent)
        elif self.changed:
            news = wire.text(9, wire.delta(self.acknowledged, self.references, self.changed)) + news
        body = wire.report(
            self.node, self.boot, self.sequence, self.acknowledged, int((now - self.listed) * 1000), full, news)
        wait = 0
        if not (self.wants_full or self.changed or self.attempts):
            due = min([self.listed + self.interval, *(end for _, _, end in self.pulls.values())])
            wait = max(1, math.ceil(min(self.heartbeat, due - now)))
        return self.message(body, wait)

    def answered(self, body: bytes) -> None:
        had_trouble = self.failures > 0
        super().answered(body)
        if (had_trouble or self.wants_full) and self.gap is None:
            self.gap = self.last_answer
        if not self.wants_full:
            self.changed.clear()
            if self.gap is not None:
                self.gaps.append((self.gap, time.time()))
                self.gap = None
        self.last_answer = time.time()
        pulls, acknowledged = wire.orders(body)
        self.attempts = {attempt: what for attempt, what in self.attempts.items() if attempt > acknowledged}
        now = time.monotonic()
        known = self.pulls.keys() | {order for order, _, _, _ in self.attempts.values()}
        for order, reference in (pulls or {}).items():
            if order not in known:
                self.pulls[order] = (self.references.index(reference), now, now + random.uniform(0.2, 1))

    def is_idle(self) -> bool:
        return not (self.pulls or self.attempts or self.changed) and len(self.present) == len(self.references)

    def _look(self, now: float) -> None:
        """Ends pulls, and lets images vanish when it's time to list them."""
        before = set(self.present)
        ended = [order for order, (_, _, end) in self.pulls.items() if end <= now]
        for order in ended:
            index, began, end = self.pulls.pop(order)
            self.present.add(index)
            self.made += 1
            self.attempts[self.made] = (order, index, began, end)
        if now - self.listed >= self.interval:
            if self.is_changing:
                share = min(0.5, SHARE * (now - self.listed))
                self.present -= {index for index in before if random.random() < share}
            self.listed = now
        if self.present != before:
            self.listed = now
            self.changed |= {index: index in self.present for index in self.present ^ before}
            self.counts.append((time.time(), len(self.present)))

    def had(self, begin: float, end: float) -> set[int]:
        """How many images were there at some moment of that time."""
        first = bisect.bisect_right(self.counts, (begin, math.inf)) - 1
        last = bisect.bisect_right(self.counts, (end, math.inf))
        return {count for _, count in self.counts[max(0, first):last]}

    def is_known(self, begin: float, end: float) -> bool:
        """The coordinator knew the node all that time."""
        if (self.gap is not None and self.gap < end) or (self.failures > 0 and self.last_answer < end):
            return False
        return all(last < begin or first > end for first, last in self.gaps[-8:])


class _Truth:
    def __init__(self, stage: Stage, agents: list[ChangingAgent]):
        self._stage = stage
        self._agents = {agent.node: agent for agent in agents}
        self.rows = 0

    def wrong(self, rows: list[dict], begin: float, end: float, what: str) -> int:
        """Rows that say what wasn't so at any moment of that time, of nodes that were known."""
        wrong = 0
        for row in rows:
            agent = self._agents[row["name"]]
            if not agent.is_known(begin, end):
                continue
            self.rows += 1
            if row["counts"]["present"] not in (had := agent.had(begin, end)):
                wrong += 1
                if wrong <= 3:
                    progress(f"{what}: {row['name']} has {sorted(had)}, the report says {row['counts']}")
        return wrong


def run(stage: Stage, results: Results, seconds: float) -> None:
    """Images vanish and are pulled for so long; the coordinator is killed three times meanwhile."""
    stage.restart()
    references = stage.images
    stage.bring_agents(make=lambda *words: ChangingAgent(*words, references))
    stage.until_settled(300)
    agents: list[ChangingAgent] = stage.agents.agents
    truth = _Truth(stage, agents)
    begin, began = time.monotonic(), time.time()
    for agent in agents:
        agent.is_changing = True
    kills = [seconds * share for share in (0.25, 0.5, 0.75)]
    wrong = 0
    api = stage.api()
    while (now := time.monotonic() - begin) < seconds:
        if kills and now > kills[0]:
            kills.pop(0)
            stage.process.kill()
            time.sleep(2)
            stage.start()
            api = stage.api()
            progress(f"{now:.0f} s: killed, and started again")
        asked = time.time()
        report = api.get("/api/v1/coverage?by=node")
        if report:
            interval = max(agent.interval for agent in agents)
            wrong += truth.wrong(report["rows"], asked - interval - SLACK, time.time(), f"{now:.0f} s")
        time.sleep(5)
    ended = time.time()
    for agent in agents:
        agent.is_changing = False
    eventually("all is pulled and told", lambda: all(agent.is_idle() for agent in agents), 300, pause=1)
    results.give("truth_changes", sum(len(agent.counts) - 1 for agent in agents))
    results.give("truth_rows", truth.rows)
    results.give("truth_wrong_rows", wrong)
    wrong = 0
    for second in range(math.ceil(began), math.floor(ended)):
        moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=second)
        report = api.get(f"/api/v1/coverage?by=node&at={moment:%Y-%m-%dT%H:%M:%SZ}")
        wrong += truth.wrong(report["rows"], second - SLACK, second + SLACK, f"at {moment:%H:%M:%S}")
    results.give("truth_wrong_past_rows", wrong)
    results.give("truth_lost_attempts", _lost(stage, agents))


def _lost(stage: Stage, agents: list[ChangingAgent]) -> int:
    """Attempts that history doesn't know, or that nobody made."""
    with sqlite3.connect(f"file:{stage.history}?mode=ro", uri=True) as database:
        known = dict(database.execute(
            "SELECT boot, COUNT(*) FROM attempts JOIN boots ON boots.id = boot_id GROUP BY boot"))
    return sum(abs(agent.made - known.get(agent.boot, 0)) for agent in agents)
