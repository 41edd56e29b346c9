"""`scripts/bench` starts this: measures groups of figures, one after the other, and says which bounds are missed."""

import argparse
import dataclasses
import signal
import sys
from pathlib import Path

from .figures import Results
from .measures import (
    agent, client, cold_start, configmap, deletion, faults, hostile, messages, objects, presence, rollout, rotation,
    sets, sleep)
from .programs import Programs

GROUPS = {
    "sleep": sleep.measure,
    "agent": agent.measure,
    "cold-start": cold_start.measure,
    "configmap": configmap.measure,
    "deletion": deletion.measure,
    "rotation": rotation.measure,
    "rollout": rollout.measure,
    "hostile": hostile.measure,
    "faults": faults.measure,
    "messages": messages.measure,
    "client": client.measure,
    "presence": presence.measure,
    "sets": sets.measure,
    "objects": objects.measure,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench")
    for program in (field.name for field in dataclasses.fields(Programs)):
        parser.add_argument(f"--{program.replace('_', '-')}", type=Path, required=True)
    parser.add_argument("groups", nargs="*", metavar="group", help=f"of {', '.join(GROUPS)}; all without any")
    options = parser.parse_args()
    if unknown := set(options.groups) - set(GROUPS):
        parser.error(f"{', '.join(sorted(unknown))}: there are only {', '.join(GROUPS)}")
    programs = Programs(
        **{field.name: getattr(options, field.name).resolve() for field in dataclasses.fields(Programs)})
    results = Results()
    failed = False
    for name in options.groups or GROUPS:
        print(f"==> {name}", file=sys.stderr, flush=True)
        try:
            GROUPS[name](programs, results)
        except Exception as error:  # the other groups' figures are worth having all the same
            failed = True
            print(f"error: {name} could not be measured: {error}", file=sys.stderr, flush=True)
    for line in results.missed:
        print(f"missed: {line}", file=sys.stderr)
    if not failed and not results.missed:
        print("every measured figure keeps its bound", file=sys.stderr)
    return 1 if failed or results.missed else 0


def _end(number: int, _: object) -> None:
    # Not an Exception: whatever is being measured ends, and with it everything that was started.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(128 + number)


for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(each, _end)
sys.exit(main())
