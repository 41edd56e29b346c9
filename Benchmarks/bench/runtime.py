"""Debian's containerd with a root, a state and a socket of its own."""

import subprocess
from pathlib import Path

from .figures import progress
from .workshop import Workshop, eventually


class Containerd:
    """A container runtime for images alone: no pod is ever run in it."""

    def __init__(self, workshop: Workshop, registry: str, name: str = "containerd"):
        folder = workshop.folder / name
        self.socket = folder / "containerd.sock"
        workshop.write(f"{name}/certs.d/{registry}/hosts.toml", f"""\
server = "http://{registry}"
[host."http://{registry}"]
  capabilities = ["pull", "resolve"]
""")
        configuration = workshop.write(f"{name}/config.toml", f"""\
version = 2
root = "{folder}/root"
state = "{folder}/state"
[grpc]
  address = "{self.socket}"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  disable_tcp_service = true
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{folder}/certs.d"
""")
        program = workshop.start(name, "containerd", "--config", configuration)
        eventually("containerd answers", lambda: program.check() or self._ctr("version").returncode == 0)

    def names(self) -> list[str]:
        """The names of all images: tags, digests, and each image's id."""
        listing = self._ctr("images", "ls", "--quiet")
        listing.check_returncode()
        return listing.stdout.split()

    def names_of(self, references: list[str]) -> list[str]:
        """All names of these images."""
        listing = self._ctr("images", "ls")
        listing.check_returncode()
        digests = {fields[0]: fields[2] for line in listing.stdout.splitlines()[1:] if (fields := line.split())}
        repositories = {reference.rsplit(":", 1)[0] for reference in references}
        named = {name for name in digests if name in references or name.split("@")[0] in repositories}
        wanted = {digests[name] for name in named}
        return [name for name, digest in digests.items() if digest in wanted]

    def remove(self, names: list[str]) -> None:
        """Removes names; returns when their content is gone too."""
        if names:
            self._ctr("images", "rm", "--sync", *names).check_returncode()

    def removal(self, names: list[str]) -> "Removal":
        """Removes names once it is started."""
        return Removal([*self._command, "images", "rm", *names])

    def _ctr(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._command, *arguments], capture_output=True, text=True, timeout=60, check=False)

    @property
    def _command(self) -> list[str]:
        return ["ctr", "--address", str(self.socket), "--namespace", "k8s.io"]


class Removal:
    """A removal that goes on while what comes of it is watched."""

    def __init__(self, command: list[str]):
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)

    def is_over(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def finish(self) -> None:
        if self._process is not None and self._process.wait(60) != 0:
            raise RuntimeError(f"{' '.join(self._command)}: status {self._process.returncode}")


def drop_caches() -> None:
    """Makes the disk's content cold, where that is allowed."""
    subprocess.run(["sync"], check=True)
    try:
        Path("/proc/sys/vm/drop_caches").write_text("3\n")
    except OSError as error:
        progress(f"the page cache stays warm: {error}")
