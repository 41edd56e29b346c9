import FoundationEssentials
import HTTPTypes
import Hummingbird

/// `/api/v1`: questions about the cluster.
struct QueryRoutes: Sendable {
    let loop: ControlLoop
    let configurationStatus: @Sendable () async -> ConfigurationStatus

    func add(to router: Router<ServerContext>) {
        router.get("/api/v1/coverage") { request, _ in try await coverage(request) }
        router.get("/api/v1/configuration") { _, _ in try Self.json(await configurationStatus()) }
    }

    private func coverage(_ request: Request) async throws -> Response {
        let by = request.uri.queryParameters.get("by") ?? "image"
        guard let grouping = CoverageGrouping(by) else {
            throw ProblemDocument(
                .badRequest, "unknown-grouping", title: "Coverage can't be grouped like that",
                detail: "\"\(by)\" is none of image, node, zone and label:KEY.")
        }
        guard let snapshot = await loop.snapshot() else {
            throw ProblemDocument(
                .serviceUnavailable, "not-ready", title: "There's nothing to report yet",
                detail: "The coordinator has no accepted configuration, or hasn't listed the cluster yet; "
                    + "/api/v1/configuration says what it made of the ConfigMap.")
        }
        return try Self.json(CoverageReport(snapshot, by: grouping))
    }

    static func json(_ value: some Encodable) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try encoder.encode(value))))
    }
}
