"""Debian's docker-registry on a loopback port, and images made on the spot."""

import gzip
import hashlib
import http.client
import io
import json
import os
import platform
import tarfile

from .workshop import Workshop, eventually, free_port


class Registry:
    """A registry without TLS."""

    def __init__(self, workshop: Workshop):
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        configuration = workshop.write("registry.yml", f"""\
version: 0.1
log: {{level: warn}}
storage: {{filesystem: {{rootdirectory: {workshop.folder}/blobs}}}}
http: {{addr: {self.host}}}
""")
        program = workshop.start("docker-registry", "docker-registry", "serve", configuration)
        eventually("the registry answers", lambda: program.check() or self._answers())

    def push(self, name: str, size: int, layers: int = 1) -> str:
        """Makes an image whose layers have so many random bytes each; returns its whole reference."""
        repository, tag = name.split(":")
        contents = [_layer(os.urandom(size)) for _ in range(layers)]
        machine = {"aarch64": "arm64"}.get(platform.machine(), "amd64")
        configuration = json.dumps({
            "architecture": machine, "os": "linux", "config": {},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer) for layer in contents]},
        }).encode()
        kind = "application/vnd.oci.image"
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": f"{kind}.manifest.v1+json",
            "config": self._upload(repository, configuration, f"{kind}.config.v1+json"),
            "layers": [
                self._upload(repository, gzip.compress(layer, compresslevel=1), f"{kind}.layer.v1.tar+gzip")
                for layer in contents],
        }).encode()
        self._request(
            "PUT", f"/v2/{repository}/manifests/{tag}", manifest, {"Content-Type": f"{kind}.manifest.v1+json"})
        return f"{self.host}/{name}"

    def _upload(self, repository: str, blob: bytes, media_type: str) -> dict[str, object]:
        digest = _digest(blob)
        location = self._request("POST", f"/v2/{repository}/blobs/uploads/", b"").headers["Location"]
        path = location.removeprefix(f"http://{self.host}")
        mark = "&" if "?" in path else "?"
        self._request("PUT", f"{path}{mark}digest={digest}", blob, {"Content-Type": "application/octet-stream"})
        return {"mediaType": media_type, "digest": digest, "size": len(blob)}

    def _request(
        self, method: str, path: str, body: bytes, headers: dict[str, str] | None = None
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        content = response.read()
        connection.close()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {content[:300]!r}")
        return response

    def _answers(self) -> bool:
        try:
            return self._request("GET", "/v2/", b"").status == 200
        except OSError:
            return False


def _layer(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo("data")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
