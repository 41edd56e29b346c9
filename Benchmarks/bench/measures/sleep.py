"""sleep_bytes, sleep_rss_kb."""

import time

from ..figures import Results
from ..programs import Programs
from ..usage import memory
from ..workshop import Workshop, eventually


def measure(programs: Programs, results: Results) -> None:
    results.give("sleep_bytes", programs.sleep.stat().st_size)
    with Workshop() as workshop:
        sleep = workshop.start("sleep", programs.sleep)
        # Before that it's still this program's copy.
        eventually("sleep runs", lambda: memory(sleep.pid)["Rss"] < 1 << 20)
        time.sleep(1)
        sleep.check()
        results.give("sleep_rss_kb", memory(sleep.pid)["Rss"] // 1024)
