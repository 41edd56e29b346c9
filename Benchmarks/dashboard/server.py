"""Serves the dashboard's files over a made-up cluster: for measuring, and for working on the page without any build.

    PYTHONPATH=Benchmarks python3 -m dashboard.server --nodes 2000 --images 100 --port 8090
"""

import argparse
import datetime
import http.server
import json
import pathlib
import threading
import time
import urllib.parse

from dashboard.synthetic import Cluster, rfc3339, now

PAGE = pathlib.Path(__file__).resolve().parents[2] / "Sources/Coordinator/Dashboard/Page"
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def encoded(value):
    return json.dumps(value, separators=(",", ":")).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cluster = None
    # What is asked for again and again: the page is measured, not this server.
    ready = {}
    events = True
    page = PAGE

    def log_message(self, *_):
        pass

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        try:
            if url.path == "/":
                return self.file("index.html")
            if url.path.startswith("/dashboard/"):
                return self.file(url.path.removeprefix("/dashboard/"))
            if url.path == "/api/v1/events" and self.events:
                return self.stream()
            if url.path in self.ready and "at" not in query:
                return self.answer(200, "application/json", self.ready[url.path])
            at = query.get("at")
            at = datetime.datetime.fromisoformat(at.replace("Z", "+00:00")) if at else None
            past = self.cluster.at(at)
            if url.path == "/api/v1/cells":
                return self.json(past.cells_answer(at))
            if url.path == "/api/v1/coverage":
                return self.json(past.coverage_answer(at))
            if url.path == "/api/v1/coverage/series":
                return self.json(self.cluster.series_answer(
                    self.span(query.get("since", "24h")), self.span(query.get("step", "1h")), query.get("by", "all")))
            if url.path == "/api/v1/configuration":
                return self.json({"revision": 12, "acceptedAt": rfc3339(now()), "isAccepted": True,
                                  "configMap": "k8s-image-puller/k8s-image-puller", "findings": []})
            if url.path == "/api/v1/version":
                return self.json({"version": "0.1.0", "commit": "2b791cf", "clusterName": "production-west"})
            if url.path == "/api/v1/revisions":
                return self.json(self.cluster.revisions_answer())
            if url.path == "/api/v1/attempts":
                return self.json(past.attempts_answer(query.get("node"), query.get("image"), int(query.get("limit", 20))))
            for kind, answer in (("nodes", self.cluster.node_answer), ("images", self.cluster.image_answer)):
                if url.path.startswith(f"/api/v1/{kind}/"):
                    found = answer(urllib.parse.unquote(url.path.removeprefix(f"/api/v1/{kind}/")))
                    return self.json(found) if found else self.problem(404, "There is no such thing", f"unknown-{kind}")
            self.problem(404, "There's nothing at this address")
        except BrokenPipeError:
            pass

    @staticmethod
    def span(text):
        return int(text[:-1]) * UNITS[text[-1]]

    def file(self, name):
        file = self.page / name
        if "/" in name or not file.is_file():
            return self.problem(404, "no such file")
        self.answer(200, TYPES[file.suffix], file.read_bytes())

    def json(self, value):
        self.answer(200, "application/json", encoded(value))

    def problem(self, status, title, name="not-found"):
        self.answer(status, "application/problem+json", json.dumps({
            "type": f"urn:image-puller:problem:{name}", "status": status, "title": title}).encode())

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)

    def stream(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        number = 0
        while True:
            number += 1
            self.wfile.write(f": alive {number}\n\n".encode())
            self.wfile.flush()
            time.sleep(5)


def serve(nodes, images, port=0, events=True, names=None, seed=1, page=PAGE):
    """Serves in the background; gives the server, whose `server_port` is where. `page` is the folder of the page's files."""
    cluster = Cluster(nodes, images, seed=seed, names=names)
    ready = {"/api/v1/cells": encoded(cluster.cells_answer(None)), "/api/v1/coverage": encoded(cluster.coverage_answer(None))}
    handler = type("ClusterHandler", (Handler,), {"cluster": cluster, "events": events, "ready": ready, "page": page})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--nodes", type=int, default=5)
    parser.add_argument("--images", type=int, default=6)
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--no-events", action="store_true", help="as a coordinator without an event stream")
    options = parser.parse_args()
    server = serve(options.nodes, options.images, options.port, not options.no_events)
    print(f"http://127.0.0.1:{server.server_port}/", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
