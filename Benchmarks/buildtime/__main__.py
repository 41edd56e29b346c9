"""`make bench-build` starts this: how long a developer waits, today's tree beside an older commit's, in turn.

Both are built in folders of their own with their own commands, so nobody's build folder is touched. Prints the ratios of
the medians, a line a figure; progress, with each time in seconds, goes to standard error. It takes hours.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import baseline
from bench.figures import FIGURES, Results, progress

_REPOSITORY = Path(__file__).resolve().parents[2]
_FOLDER = _REPOSITORY / ".build" / "buildtime"

# The suites of history's tests, which the older commit has in one target with all others.
_HISTORY = r"/(History|Keyframe|PullTimes)[A-Za-z]*Tests?\.swift:"


@dataclass(frozen=True)
class Tree:
    """One of the two source trees, and how it is built and tested."""

    name: str
    source: Path
    build: tuple[str, ...]
    test: tuple[str, ...]
    history: tuple[str, ...]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "CI": "true"}

    def run(self, command: tuple[str, ...]) -> str:
        result = subprocess.run(
            command, cwd=self.source, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if result.returncode != 0:
            said = "\n".join(result.stdout.splitlines()[-30:])
            raise RuntimeError(f"{' '.join(command)} of {self.name} failed:\n{said}")
        return result.stdout

    def run_until(self, command: tuple[str, ...], pattern: str) -> None:
        """Runs a command until a line matches, and then stops it."""
        process = subprocess.Popen(
            command, cwd=self.source, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True)
        try:
            said = []
            for line in process.stdout:
                said.append(line)
                if re.search(pattern, line):
                    return
            tail = "".join(said[-30:])
            raise RuntimeError(f"{' '.join(command)} of {self.name} ended without a line like {pattern}:\n{tail}")
        finally:
            try:
                os.killpg(process.pid, 15)
            except ProcessLookupError:
                pass
            process.wait()

    def clean(self) -> None:
        """Removes what was compiled; checked-out dependencies stay."""
        for entry in (self.source / ".build").glob("*-linux-gnu"):
            shutil.rmtree(entry)

    def edit(self, path: str, function: str, turn: int) -> None:
        """Changes one line of a function's body to something that it wasn't before."""
        file = self.source / path
        text = re.sub(r"\n *_ = \d+  // measured\n", "\n", file.read_text())
        changed, count = re.subn(
            rf"({re.escape(function)}[^{{]*\{{\n)", rf"\1        _ = {turn}  // measured\n", text, count=1)
        if count != 1:
            raise RuntimeError(f"{path} of {self.name} has no function like {function}")
        file.write_text(changed)


def _trees() -> tuple[Tree, Tree]:
    before, after = _FOLDER / "before", _FOLDER / "after"
    for folder, fresh in ((before, baseline.source()), (after, None)):
        folder.mkdir(parents=True, exist_ok=True)
        for entry in folder.iterdir():
            if entry.name != ".build":
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
        if fresh:
            shutil.copytree(fresh, folder, symlinks=True, dirs_exist_ok=True)
        else:
            files = subprocess.run(
                ["git", "-C", _REPOSITORY, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                check=True, capture_output=True, text=True).stdout.split("\0")
            for file in filter(None, files):
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(_REPOSITORY / file, folder / file, follow_symlinks=False)
    return (
        Tree(
            f"{baseline.COMMIT}", before, ("swift", "build", "--build-tests"), ("make", "test"),
            ("scripts/test", "--filter", _HISTORY)),
        Tree(
            "today", after, ("scripts/swift-build", "--build-tests"), ("make", "test"),
            ("scripts/test", "--filter", r"^HistoryTests\.")),
    )


def _seconds(body: Callable[[], object]) -> float:
    start = time.monotonic()
    body()
    return time.monotonic() - start


def _clean_build(tree: Tree, turn: int) -> float:
    tree.clean()
    return _seconds(lambda: tree.run(tree.build))


def _edit_test(tree: Tree, turn: int) -> float:
    tree.edit("Sources/Coordinator/History/Reading/PastReader.swift", "func moment(", turn)
    return _seconds(lambda: tree.run(tree.history))


def _edit_planning(tree: Tree, turn: int) -> float:
    tree.edit("Sources/Planning/Plan/Planner.swift", "static func plan(", turn)
    command = ("scripts/test", "--filter", r"^PlanningTests\.")
    return _seconds(lambda: tree.run_until(command, r"^◇ Test [^r].* started"))


def _test_run(tree: Tree, turn: int) -> float:
    return _seconds(lambda: tree.run(tree.test))


MEASURES = {
    "clean_build": _clean_build,
    "edit_test": _edit_test,
    "edit_planning": _edit_planning,
    "test_run": _test_run,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-build")
    parser.add_argument("--turns", type=int, default=int(os.environ.get("TURNS", "3")), help="of each figure (TURNS)")
    parser.add_argument("measures", nargs="*", metavar="measure", help=f"of {', '.join(MEASURES)}; all without any")
    options = parser.parse_args()
    if unknown := set(options.measures) - set(MEASURES):
        parser.error(f"{', '.join(sorted(unknown))}: there are only {', '.join(MEASURES)}")
    if options.turns < 1:
        parser.error("a figure needs one turn at least")
    trees = _trees()
    for tree in trees:
        progress(f"{tree.name} is prepared in {tree.source}")
        # What its tests need beside the build, and dependencies, aren't part of any figure.
        tree.run(("make", "packages", "tools", "sleep"))
        tree.run(("swift", "package", "resolve"))
    names = options.measures or list(MEASURES)
    times: dict[tuple[str, str], list[float]] = {}
    if "clean_build" not in names:
        for tree in trees:
            progress(f"{tree.name} is built")
            tree.run(tree.build)
    for turn in range(1, options.turns + 1):
        for name in names:
            for tree in trees:
                seconds = MEASURES[name](tree, time.time_ns() % 1_000_000_000)
                times.setdefault((name, tree.name), []).append(seconds)
                progress(f"turn {turn} of {options.turns}: {name} of {tree.name}: {seconds:.1f} s")
    results = Results()
    for name in names:
        before, after = (statistics.median(times[name, tree.name]) for tree in trees)
        results.give(f"{name}_ratio", after / before)
    for line in results.missed:
        print(f"missed: {line}", file=sys.stderr)
    return 1 if results.missed else 0


if __name__ == "__main__":
    assert all(f"{name}_ratio" in FIGURES for name in MEASURES)
    sys.exit(main())
