import HTTPTypes
import Hummingbird

/// `/healthz`: the process answers. `/readyz`: it has a configuration and knows the cluster.
struct HealthRoutes: Sendable {
    let loop: ControlLoop

    func add(to router: Router<ServerContext>) {
        router.get("/healthz") { _, _ in "ok\n" }
        router.get("/readyz") { _, _ -> Response in
            let isReady = await loop.snapshot() != nil
            let text = isReady ? "ok\n" : "not ready: no accepted configuration, or the cluster isn't listed yet\n"
            return Response(
                status: isReady ? .ok : .serviceUnavailable, headers: [.contentType: "text/plain; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
        }
    }
}
