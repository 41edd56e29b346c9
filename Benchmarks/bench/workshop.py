"""A temporary folder with programs running in it; all of it goes at the end, however that comes."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1
T = TypeVar("T")


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def eventually(what: str, condition: Callable[[], T], seconds: float = 60, pause: float = 0.05) -> T:
    """Waits until the condition is met, and returns its value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(pause)
    return value


class Program:
    """A program that runs beside the benchmark, its output in files."""

    def __init__(self, name: str, command: list[str], folder: Path, environment: dict[str, str] | None = None):
        self.name = name
        self.output = folder / f"{name}.out"
        self.log = folder / f"{name}.log"
        for file in (self.output, self.log):
            file.write_bytes(b"")
        self._command, self._environment = command, environment
        self._restarting = threading.Lock()
        self._start()

    def _start(self) -> None:
        with self.output.open("ab") as out, self.log.open("ab") as err:
            # A session of its own: a Ctrl-C is the benchmark's alone. Should that be killed, its programs go too.
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=self._environment,
                start_new_session=True, preexec_fn=lambda: _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL))
        self.pid = self._process.pid

    def restart(self) -> None:
        """Ends it, and starts it again; nothing when it has ended."""
        with self._restarting:
            if self._process.poll() is None:
                self.stop()
                self._start()

    def check(self) -> None:
        """Raises when it has ended."""
        with self._restarting:
            status = self._process.poll()
        if status is not None:
            raise RuntimeError(f"{self.name} ended with status {status}:\n{self.tail()}")

    def finish(self, seconds: float) -> str:
        """Waits for its end, and returns its output; raises when it fails."""
        if self._process.wait(seconds) != 0:
            self.check()
        return self.output.read_text()

    def tail(self) -> str:
        """The end of what it said."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Workshop:
    """Owns a folder and the programs in it. A context manager; what was begun last ends first."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="image-puller-bench."))
        self._programs: list[Program] = []
        self._closers: list[Callable[[], object]] = []

    def __enter__(self) -> "Workshop":
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        for close in self._closers:
            close()
        for program in reversed(self._programs):
            if error is not None and issubclass(error, Exception):
                print(f"--- the end of the log of {program.name}:\n{program.tail()}", file=sys.stderr)
            program.stop()
        self._unmount()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, name: str, *command: str | Path, environment: dict[str, str] | None = None) -> Program:
        program = Program(name, [str(word) for word in command], self.folder, environment)
        self._programs.append(program)
        return program

    def at_end(self, close: Callable[[], object]) -> None:
        """Calls this before the programs are ended: for connections, which servers wait for."""
        self._closers.append(close)

    def write(self, name: str, text: str) -> Path:
        """Writes a file of the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def _unmount(self) -> None:
        """What a container runtime that was ended in the middle of something leaves mounted."""
        points = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        for point in reversed(points):
            if point.startswith(f"{self.folder}/"):
                subprocess.run(["umount", "--lazy", point], check=False)
