import HTTPTypes
import Hummingbird
import Telemetry

/// `/metrics`, for Prometheus.
package struct MetricsRoutes: Sendable {
    package static let path = "/metrics"

    package let source: MetricsSource

    package init(source: MetricsSource) {
        self.source = source
    }

    package func add(to router: Router<some RequestContext>) {
        router.get(RouterPath(Self.path)) { request, _ -> Response in
            let format = PrometheusText.Format(accept: request.headers[.accept])
            let text = PrometheusText(format: format).render(await source.families())
            return Response(
                status: .ok, headers: [.contentType: format.contentType, .vary: "Accept"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
        }
    }
}
