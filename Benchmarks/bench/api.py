"""JSON over a kept HTTP connection."""

import http.client
import json
from urllib.parse import urlsplit


class API:
    """A server that speaks JSON. One connection, for one thread."""

    def __init__(self, url: str):
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)

    def close(self) -> None:
        self._connection.close()

    def call(
        self, method: str, path: str, body: object = None, content_type: str = "application/json"
    ) -> tuple[int, dict]:
        """The status and the body."""
        text = None if body is None else json.dumps(body)
        try:
            self._connection.request(method, path, text, {"Content-Type": content_type})
            response = self._connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            # A kept connection may be closed at any moment; the next one is new.
            self._connection.close()
            self._connection.request(method, path, text, {"Content-Type": content_type})
            response = self._connection.getresponse()
        content = response.read()
        return response.status, json.loads(content) if content else {}

    def read(self, path: str) -> bytes:
        """Whatever is there, as it comes; raises when it isn't."""
        self._connection.request("GET", path)
        response = self._connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise RuntimeError(f"GET {path}: {response.status} {content[:200]!r}")
        return content

    def get(self, path: str) -> dict | None:
        """The body; nothing when it isn't there (yet)."""
        status, body = self.call("GET", path)
        return body if status == 200 else None

    def do(self, method: str, path: str, body: object, content_type: str = "application/json") -> dict:
        """Like ``call``, for what must succeed."""
        status, answer = self.call(method, path, body, content_type)
        if status >= 300:
            raise RuntimeError(f"{method} {path}: {status} {answer}")
        return answer
