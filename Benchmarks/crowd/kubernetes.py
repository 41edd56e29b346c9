"""The cluster simulator's API with thousands of made-up nodes and pods before it.

What is asked of nodes, of the DaemonSet's pods and of tokens is answered here; all else goes to the simulator, which
has no nodes of its own. The answers have the size of real ones: a pod has what its template says, a status for each
container, and the managed fields that a real API server keeps.
"""

import base64
import http.client
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

NAMESPACE = "k8s-image-puller"
DAEMON_SET = "kubernetes-image-puller"
_PATH = f"/apis/apps/v1/namespaces/{NAMESPACE}/daemonsets/{DAEMON_SET}"
_ACCOUNT = f"system:serviceaccount:{NAMESPACE}:{DAEMON_SET}-agent"
_STARTED = "2026-11-20T08:00:00Z"


class Crowd:
    """The made-up part of the cluster."""

    def __init__(self, nodes: int, simulator: str):
        self.count = nodes
        self.simulator = urlsplit(simulator)
        self._lock = threading.Lock()
        # (template annotation, the text of a pod with marks for what differs).
        self._template: tuple[str, str] | None = None
        self._looked_at = 0.0
        self.requests: dict[str, int] = {}
        # All that were made, and the bytes of all answers.
        self.all_requests = self.all_bytes = 0
        self.largest_page = 0

    @staticmethod
    def name(number: int) -> str:
        return f"ip-10-0-{number // 250}-{number % 250}.eu-west-1.compute.internal"

    @staticmethod
    def pod(number: int) -> str:
        return f"{DAEMON_SET}-{number:05x}"

    @staticmethod
    def uid(number: int) -> str:
        return f"00000000-0000-4000-8000-{number:012x}"

    def token(self, number: int) -> str:
        """As long as a real one, and it says when it expires."""
        def part(value: object) -> str:
            return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

        claims = {
            "aud": ["image-puller"], "exp": int(time.time()) + 3600, "iat": int(time.time()), "iss": "https://crowd",
            "jti": self.uid(number), "kubernetes.io": {
                "namespace": NAMESPACE, "pod": {"name": self.pod(number), "uid": self.uid(number)},
                "serviceaccount": {"name": f"{DAEMON_SET}-agent", "uid": self.uid(0)}},
            "nbf": int(time.time()), "sub": _ACCOUNT, "number": number}
        return f"{part({'alg': 'RS256', 'kid': 'crowd'})}.{part(claims)}.{'A' * 342}"

    def review(self, token: str) -> dict:
        try:
            payload = token.split(".")[1]
            number = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["number"]
        except (IndexError, KeyError, ValueError):
            return {"user": {}, "error": "invalid bearer token"}
        return {
            "authenticated": True, "audiences": ["image-puller"], "user": {
                "username": _ACCOUNT, "uid": self.uid(0),
                "groups": ["system:serviceaccounts", f"system:serviceaccounts:{NAMESPACE}", "system:authenticated"],
                "extra": {
                    "authentication.kubernetes.io/pod-name": [self.pod(number)],
                    "authentication.kubernetes.io/pod-uid": [self.uid(number)]}}}

    # Nodes

    def node(self, number: int) -> str:
        name = self.name(number)
        return json.dumps({
            "metadata": {
                "name": name, "uid": self.uid(number), "resourceVersion": "1000", "creationTimestamp": _STARTED,
                "labels": {
                    "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
                    "topology.kubernetes.io/zone": f"eu-west-1{'abc'[number % 3]}",
                    "topology.kubernetes.io/region": "eu-west-1", "node.kubernetes.io/instance-type": "m6i.2xlarge",
                    "beta.kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux", "pool": f"pool-{number % 7}",
                    "eks.amazonaws.com/nodegroup": f"workers-{number % 20}", "eks.amazonaws.com/capacityType": "SPOT"},
                "annotations": {"node.alpha.kubernetes.io/ttl": "0", "volumes.kubernetes.io/managed": "true"}},
            "spec": {"podCIDR": "10.1.0.0/24", "providerID": f"aws:///eu-west-1a/i-{number:017x}"},
            "status": {
                "capacity": {"cpu": "8", "memory": "32Gi", "pods": "58"},
                "allocatable": {"cpu": "7910m", "memory": "30Gi", "pods": "58"},
                "conditions": [
                    {"type": kind, "status": "True" if kind == "Ready" else "False", "reason": f"Kubelet{kind}",
                     "message": "kubelet says so", "lastHeartbeatTime": _STARTED, "lastTransitionTime": _STARTED}
                    for kind in ("MemoryPressure", "DiskPressure", "PIDPressure", "Ready")],
                "nodeInfo": {
                    "operatingSystem": "linux", "architecture": "amd64", "kubeletVersion": "v1.32.1",
                    "containerRuntimeVersion": "containerd://1.7.24", "bootID": self.uid(number)},
                # A kubelet tells of 50 images.
                "images": [
                    {"names": [f"registry.example.com/team/service-{i}@sha256:{i:064x}",
                               f"registry.example.com/team/service-{i}:1"], "sizeBytes": 50_000_000}
                    for i in range(50)]}})

    # Pods

    def template(self) -> tuple[str, str] | None:
        """What the DaemonSet's pods are made from, as it is now; looked at twice a second at most."""
        with self._lock:
            if time.monotonic() - self._looked_at > 0.5:
                self._looked_at = time.monotonic()
                status, body = self.ask("GET", _PATH)
                daemon_set = json.loads(body) if status == 200 else None
                self._template = self._make(daemon_set) if daemon_set else None
            return self._template

    def _make(self, daemon_set: dict) -> tuple[str, str]:
        template = daemon_set["spec"]["template"]
        mark = template["metadata"].get("annotations", {}).get("image-puller/template", "")
        if self._template and self._template[0] == mark:
            return self._template
        spec = dict(template["spec"], nodeName="@NODE@", serviceAccountName=f"{DAEMON_SET}-agent")
        managed = {
            f'k:{{"name":"{container["name"]}"}}': {".": {}} | {
                f"f:{key}": {} for key in container} | {
                    "f:terminationMessagePath": {}, "f:terminationMessagePolicy": {}}
            for container in spec["containers"]}
        pod = {
            "metadata": {
                "name": "@POD@", "generateName": f"{DAEMON_SET}-", "namespace": NAMESPACE, "uid": "@UID@",
                "resourceVersion": "1000", "creationTimestamp": _STARTED,
                "labels": template["metadata"].get("labels", {}) | {
                    "controller-revision-hash": "7c5f9d6b8", "pod-template-generation": "1"},
                "annotations": template["metadata"].get("annotations", {}),
                "ownerReferences": [{
                    "apiVersion": "apps/v1", "kind": "DaemonSet", "name": DAEMON_SET,
                    "uid": daemon_set["metadata"]["uid"], "controller": True, "blockOwnerDeletion": True}],
                "managedFields": [{
                    "manager": "kube-controller-manager", "operation": "Update", "apiVersion": "v1",
                    "time": _STARTED, "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:containers": managed}}}]},
            "spec": spec,
            "status": {
                "phase": "Running", "startTime": _STARTED, "hostIP": "10.0.0.1", "podIP": "10.1.0.1",
                "conditions": [
                    {"type": kind, "status": "True", "lastProbeTime": None, "lastTransitionTime": _STARTED}
                    for kind in ("Initialized", "Ready", "ContainersReady", "PodScheduled")],
                "containerStatuses": [{
                    "name": container["name"], "image": container["image"], "ready": True, "started": True,
                    "imageID": f"{container['image'].rsplit(':', 1)[0]}@sha256:{index:064x}", "restartCount": 0,
                    "containerID": f"containerd://{index:064x}", "lastState": {},
                    "state": {"running": {"startedAt": _STARTED}}}
                    for index, container in enumerate(spec["containers"])]}}
        return mark, json.dumps(pod, separators=(",", ":"))

    def pod_text(self, number: int, text: str) -> str:
        return text.replace("@NODE@", self.name(number)).replace("@POD@", self.pod(number)).replace(
            "@UID@", self.uid(number))

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict | None = None) -> tuple[int, bytes]:
        """One request to the simulator."""
        connection = http.client.HTTPConnection(self.simulator.hostname, self.simulator.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


def serve(crowd: Crowd) -> ThreadingHTTPServer:
    """Serves on a free port of 127.0.0.1, in threads of its own."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request, client_address) -> None:
            """A client that leaves is nothing to tell of."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def _handle(self) -> None:
            crowd.all_requests += 1
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length) if length else None
            url = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            pods = f"/api/v1/namespaces/{NAMESPACE}/pods"
            if url.path == "/api/v1/nodes" and self.command == "GET":
                self._nodes(query)
            elif url.path == pods and self.command == "GET":
                self._pods(query)
            elif url.path.endswith("/tokenreviews") and self.command == "POST":
                document = json.loads(body)
                document["status"] = crowd.review(document["spec"]["token"])
                self._answer(201, json.dumps(document).encode())
            else:
                self._forward(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle

        def _answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            crowd.all_bytes += len(body)

        def _nodes(self, query: dict[str, str]) -> None:
            if query.get("watch") == "true":
                self._watch(query, "v1", "Node", lambda: False, crowd.node)
            else:
                self._page(query, "NodeList", crowd.node)

        def _pods(self, query: dict[str, str]) -> None:
            # Of the other pods that a coordinator asks for there are none.
            isOurs = "app.kubernetes.io/instance=" in query.get("labelSelector", "")
            template = crowd.template() if isOurs else None
            if query.get("watch") == "true":
                # What has changed since is told by a list.
                self._watch(
                    query, "v1", "Pod", lambda: isOurs and crowd.template() != template,
                    template and (lambda number: crowd.pod_text(number, template[1])))
            elif template is None:
                self._answer(200, json.dumps({
                    "kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "1000"},
                    "items": []}).encode())
            else:
                self._page(query, "PodList", lambda number: crowd.pod_text(number, template[1]))

        def _page(self, query: dict[str, str], kind: str, item) -> None:
            first = int(query.get("continue") or 0)
            last = min(crowd.count, first + int(query.get("limit") or crowd.count))
            metadata = {"resourceVersion": "1000"}
            if last < crowd.count:
                metadata["continue"] = str(last)
            body = (
                f'{{"kind":"{kind}","apiVersion":"v1","metadata":{json.dumps(metadata)},"items":['
                + ",".join(item(number) for number in range(first, last)) + "]}").encode()
            crowd.largest_page = max(crowd.largest_page, len(body))
            crowd.requests[kind] = crowd.requests.get(kind, 0) + 1
            # Real servers don't say how long a big list is.
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for start in range(0, len(body), 1 << 16):
                self._chunk(body[start:start + (1 << 16)])
            self._chunk(b"")

        def _chunk(self, data: bytes) -> None:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.flush()
            crowd.all_bytes += len(data)

        def _watch(self, query: dict[str, str], version: str, kind: str, is_outdated, item) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            if query.get("sendInitialEvents") == "true":
                self._initial(version, kind, item)
            end = time.monotonic() + float(query.get("timeoutSeconds") or 300)
            bookmark = time.monotonic()
            while time.monotonic() < end:
                if is_outdated():
                    self._chunk(json.dumps({"type": "ERROR", "object": {
                        "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Expired", "code": 410,
                        "message": "too old resource version"}}).encode() + b"\n")
                    break
                if time.monotonic() > bookmark + 50:
                    bookmark = time.monotonic()
                    self._chunk(json.dumps({"type": "BOOKMARK", "object": {
                        "kind": kind, "apiVersion": version,
                        "metadata": {"resourceVersion": "1000"}}}).encode() + b"\n")
                time.sleep(1)
            self._chunk(b"")

        def _initial(self, version: str, kind: str, item) -> None:
            """The streaming list: every object as added, then a bookmark that says so."""
            crowd.requests[kind + "Stream"] = crowd.requests.get(kind + "Stream", 0) + 1
            batch = bytearray()
            for number in range(crowd.count if item else 0):
                text = item(number)
                batch += f'{{"type":"ADDED","object":{{"kind":"{kind}","apiVersion":"{version}",{text[1:]}}}\n'.encode()
                if len(batch) > 1 << 16:
                    self._chunk(bytes(batch))
                    batch.clear()
            batch += json.dumps({"type": "BOOKMARK", "object": {"kind": kind, "apiVersion": version, "metadata": {
                "resourceVersion": "1000", "annotations": {"k8s.io/initial-events-end": "true"}}}}).encode() + b"\n"
            self._chunk(bytes(batch))

        def _forward(self, body: bytes | None) -> None:
            connection = http.client.HTTPConnection(crowd.simulator.hostname, crowd.simulator.port, timeout=700)
            headers = {
                name: value for name, value in self.headers.items()
                if name.lower() not in ("host", "connection", "content-length", "transfer-encoding")}
            try:
                connection.request(self.command, self.path, body, headers)
                response = connection.getresponse()
                if response.getheader("Content-Length") is not None:
                    return self._answer(
                        response.status, response.read(), response.getheader("Content-Type") or "application/json")
                self.send_response(response.status)
                self.send_header("Content-Type", response.getheader("Content-Type") or "application/json")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                while data := response.read1(1 << 16):
                    self._chunk(data)
                self._chunk(b"")
            finally:
                connection.close()

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
