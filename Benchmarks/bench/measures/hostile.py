"""hostile_query_ratio, hostile_memory_ratio and longest_hold_ms: an agent with a valid token that does its worst."""

import json
import os
import re
import sys
import time

from crowd.kubernetes import Crowd
from crowd.prober import Prober
from crowd.stage import Stage

from ..api import API
from ..figures import Results, percentile, progress
from ..programs import Programs
from ..workshop import Program, Workshop

HONEST = 50
# They report at once again and again, and are timed.
PROBERS = 4
IMAGES = 20
SECONDS_WITHOUT = float(os.environ.get("HOSTILE_SECONDS_WITHOUT", "60"))
SECONDS_WITH = float(os.environ.get("HOSTILE_SECONDS", "300"))
# The chart's limit.
MEMORY_LIMIT_MB = 512 * 1.048576
QUESTIONS = (
    "/api/v1/coverage?by=image", "/api/v1/coverage?by=node", "/api/v1/cells", "/api/v1/nodes/{node}",
    "/api/v1/images/image-3", "/api/v1/history?limit=100", "/api/v1/attempts?limit=100", "/metrics")


def measure(programs: Programs, results: Results) -> None:
    with Workshop() as workshop:
        stage = Stage(
            workshop, programs.coordinator, programs.simulator, HONEST + PROBERS + 1, IMAGES)
        stage.restart()
        stage.bring_agents(last=HONEST)
        stage.until_settled(120)
        probers = [Prober(stage, HONEST + number) for number in range(PROBERS)]
        for prober in probers:
            workshop.at_end(prober.close)
        people = People(stage, {Crowd.name(number) for number in range(HONEST)})
        progress(f"hostile: {HONEST} honest agents alone for {SECONDS_WITHOUT:.0f} s")
        without = people.ask(SECONDS_WITHOUT)
        memory_without = people.memory
        honest_without = [seconds for prober in probers for seconds in prober.take()]
        progress(f"hostile: one more that does its worst for {SECONDS_WITH:.0f} s")
        hostile = start(workshop, stage, HONEST + PROBERS)
        with_hostile = people.ask(SECONDS_WITH)
        hostile.stop()
        memory_with = people.memory
        honest = [seconds for prober in probers for seconds in prober.take()]
        stage.process.check()
        answers = json.loads(hostile.output.read_text())
        progress(f"hostile: its requests: {dict(sorted(answers.items()))}")
        progress(f"hostile: questions p50 {1000 * percentile(without, 0.5):.0f} and "
                 f"{1000 * percentile(with_hostile, 0.5):.0f} ms, p99 {1000 * percentile(without, 0.99):.0f} and "
                 f"{1000 * percentile(with_hostile, 0.99):.0f} ms")
        progress(f"hostile: honest reports p99 {1000 * percentile(honest_without, 0.99):.0f} and "
                 f"{1000 * percentile(honest, 0.99):.0f} ms, of {len(honest_without)} and {len(honest)}")
        progress(f"hostile: memory {memory_without:.0f} and {memory_with:.0f} MB")
        hold = stage.api().read("/metrics").decode()
        longest = float(re.search(r"^image_puller_report_longest_hold_seconds (\S+)", hold, re.MULTILINE)[1])
        if len([kind for kind, count in answers.items() if kind.endswith(" 200") and count > 10]) < 5:
            raise RuntimeError("the hostile agent hardly came through")
        problems = [
            text for is_bad, text in (
                (percentile(honest, 0.99) > 1, "honest reports took longer than a second"),
                (percentile(with_hostile, 0.99) > 1, "questions took longer than a second"),
                (memory_with > MEMORY_LIMIT_MB, "memory passed the chart's limit"),
                (people.wrong > 0, f"honest cells were wrong {people.wrong} times"),
                (any(prober.failures for prober in probers), "honest reports were refused"),
            ) if is_bad]
        if problems:
            raise RuntimeError("; ".join(problems))
        results.give("hostile_query_ratio", percentile(with_hostile, 0.99) / percentile(without, 0.99))
        results.give("hostile_memory_ratio", memory_with / memory_without)
        results.give("longest_hold_ms", longest * 1000)


def start(workshop: Workshop, stage: Stage, number: int) -> Program:
    """Starts the hostile agent of a node."""
    options = workshop.write("hostile.json", json.dumps({
        "node": Crowd.name(number), "other": Crowd.name(0), "token": stage.crowd.token(number),
        "port": stage.agent_port, "references": stage.images, "authority": stage.authority()}))
    return workshop.start("hostile", sys.executable, "-m", "crowd.hostile", options)


class People:
    """Ask questions one after the other, and look whether what is known of honest nodes is true."""

    def __init__(self, stage: Stage, honest: set[str]):
        self._stage = stage
        self._honest = honest
        self.wrong = 0
        # The largest of the last period.
        self.memory = 0.0

    def ask(self, seconds: float) -> list[float]:
        """The times of the answers, in seconds."""
        api = API(f"http://127.0.0.1:{self._stage.port}")
        times = []
        self.memory = 0.0
        end = time.monotonic() + seconds
        round_number = 0
        while time.monotonic() < end:
            for question in QUESTIONS:
                begin = time.perf_counter()
                api.read(question.replace("{node}", Crowd.name(round_number % HONEST)))
                times.append(time.perf_counter() - begin)
                time.sleep(0.02)
            self.memory = max(self.memory, self._stage.memory("VmRSS"))
            self._check(api)
            round_number += 1
        api.close()
        return times

    def _check(self, api: API) -> None:
        report = api.get("/api/v1/coverage?by=node&limit=1000")
        for row in report["rows"] if report else []:
            if row["name"] in self._honest and row["counts"]["held"] != row["counts"]["cells"]:
                self.wrong += 1
