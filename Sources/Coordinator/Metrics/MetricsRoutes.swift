import HTTPTypes
import Hummingbird

/// `/metrics`, for Prometheus.
struct MetricsRoutes: Sendable {
    static let path = "/metrics"

    let source: MetricsSource

    func add(to router: Router<some RequestContext>) {
        router.get(RouterPath(Self.path)) { request, _ -> Response in
            let format = PrometheusText.Format(accept: request.headers[.accept])
            let text = PrometheusText(format: format).render(await source.families())
            return Response(
                status: .ok, headers: [.contentType: format.contentType, .vary: "Accept"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
        }
    }
}
