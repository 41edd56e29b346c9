"""`scripts/agent-order` and `scripts/coordinator-order` start this: prints the names of functions, one a line."""

import argparse
import signal
import sys
from pathlib import Path

from bench.programs import Servers

from . import agent, calls, coordinator


def main() -> int:
    parser = argparse.ArgumentParser(prog="order")
    whats = parser.add_subparsers(dest="what", required=True)
    compiling = whats.add_parser("object", help="only compile what is linked into an agent")
    compiling.add_argument("target", type=Path)
    for what in ("agent", "coordinator"):
        calling = whats.add_parser(what)
        calling.add_argument("--coordinator", type=Path, required=True)
        calling.add_argument("--simulator", type=Path, required=True)
        if what == "agent":
            calling.add_argument("--agent", type=Path, required=True)
            calling.add_argument("--linked", type=Path, required=True, help="what `object` has compiled, and is in it")
    options = parser.parse_args()
    if options.what == "object":
        calls.compile_object(options.target)
        return 0
    servers = Servers(options.coordinator.resolve(), options.simulator.resolve())
    found = (
        agent.called(options.agent.resolve(), options.linked, servers) if options.what == "agent"
        else coordinator.called(servers))
    for name in found:
        print(name)
    return 0


def _end(number: int, _: object) -> None:
    raise SystemExit(128 + number)


for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(each, _end)
sys.exit(main())
