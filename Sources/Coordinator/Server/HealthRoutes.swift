import Control
import HTTPListener
import HTTPTypes
import Hummingbird
import Leadership

/// `/healthz`: the process answers. `/readyz`: it leads, has a configuration and knows the cluster.
struct HealthRoutes: Sendable {
    static let paths: Set = ["/healthz", "/readyz"]

    let loop: ControlLoop
    let leadership: LeadershipBoard

    func add(to router: Router<ServerContext>) {
        router.get("/healthz") { _, _ in "ok\n" }
        router.get("/readyz") { _, _ -> Response in
            let isLeading = leadership.isLeading
            let knowsCluster = await loop.snapshot() != nil
            let isReady = isLeading && knowsCluster
            let text =
                switch (isLeading, knowsCluster) {
                case (false, _): "not ready: \(leadership.leader ?? "no coordinator yet") leads\n"
                case (true, false): "not ready: no accepted configuration, or the cluster isn't listed yet\n"
                case (true, true): "ok\n"
                }
            return Response(
                status: isReady ? .ok : .serviceUnavailable, headers: [.contentType: "text/plain; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
        }
    }
}
