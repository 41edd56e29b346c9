"""Programs of an older commit, to be measured beside today's in the same run."""

import dataclasses
import shutil
import subprocess
import tempfile
from pathlib import Path

from .figures import progress
from .programs import Programs

# What today's build is compared with.
COMMIT = "e8ee965"
_REPOSITORY = Path(__file__).resolve().parents[2]
_FOLDER = _REPOSITORY / ".build" / "baseline"
_RELEASE = ("--configuration", "release", "--static-swift-stdlib")


def programs(today: Programs) -> Programs:
    """That commit's agent and coordinator, with today's tools."""
    return dataclasses.replace(today, agent=program("node-agent"), coordinator=program("coordinator"))


def program(product: str, overlay: tuple[str, ...] = (), options: tuple[str, ...] = _RELEASE) -> Path:
    """Builds a product of that commit in a folder of its own, and returns where it is.

    A second call, in this run or another one, finds it built. The folders of `overlay` are taken from today's sources
    instead: for programs that measure what that commit has, and that it doesn't have itself.
    """
    folder = source(overlay)
    build = ["swift", "build", "--package-path", folder, "--scratch-path", _FOLDER / "build", *options]
    progress(f"{product} of {COMMIT} is built (the first time takes several minutes)")
    result = subprocess.run([*build, "--product", product], capture_output=True, text=True)
    if result.returncode != 0:
        said = "\n".join((result.stdout + result.stderr).splitlines()[-20:])
        raise RuntimeError(f"{product} of {COMMIT} can't be built:\n{said}")
    folder = subprocess.run([*build, "--show-bin-path"], check=True, capture_output=True, text=True).stdout.strip()
    # A later call with another overlay builds over it.
    kept = _FOLDER / "programs" / product
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(Path(folder) / product, kept)
    return kept


def source(overlay: tuple[str, ...] = ()) -> Path:
    """That commit's files. Those that are the same as before keep their times, so that they aren't compiled again."""
    target = _FOLDER / "source"
    with tempfile.TemporaryDirectory(prefix="image-puller-baseline.") as name:
        fresh = Path(name)
        archive = fresh / "archive.tar"
        result = subprocess.run(
            ["git", "-C", _REPOSITORY, "archive", "--output", archive, COMMIT], capture_output=True, text=True)
        if result.returncode != 0:
            raise RuntimeError(
                f"the commit {COMMIT}, which is measured beside this one, isn't in {_REPOSITORY}: "
                f"{result.stderr.strip()}; fetch the whole history")
        (fresh / "source").mkdir()
        subprocess.run(["tar", "--extract", "--file", archive, "--directory", fresh / "source"], check=True)
        for folder in overlay:
            shutil.rmtree(fresh / "source" / folder, ignore_errors=True)
            shutil.copytree(_REPOSITORY / folder, fresh / "source" / folder)
        _update(target, fresh / "source")
    return target


def _update(target: Path, fresh: Path) -> None:
    """Makes the target's files the same as the fresh ones, and touches only those that differ."""
    wanted = {path.relative_to(fresh) for path in fresh.rglob("*") if path.is_file()}
    for path in [path for path in target.rglob("*") if path.is_file()] if target.exists() else []:
        relative = path.relative_to(target)
        if relative not in wanted and relative.name != "Package.resolved":
            path.unlink()
    for relative in wanted:
        old, new = target / relative, fresh / relative
        if not old.is_file() or old.read_bytes() != new.read_bytes():
            old.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(new, old)
