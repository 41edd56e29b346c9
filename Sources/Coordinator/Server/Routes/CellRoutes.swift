import FoundationEssentials
import HTTPTypes
import Hummingbird
import Planning

/// `GET /api/v1/cells[?at=…]`: the states of all cells, for the dashboard's heat map.
struct CellRoutes: Sendable {
    let loop: ControlLoop
    /// Whose revisions history is asked for: `namespace/name` of the ConfigMap.
    let imageSet: @Sendable () async -> String

    func add(to router: Router<some RequestContext>) {
        router.get("/api/v1/cells") { request, _ in try await cells(request) }
    }

    func cells(_ request: Request) async throws -> Response {
        guard let text = request.uri.queryParameters.get("at") else {
            guard let snapshot = await loop.snapshot() else {
                throw ProblemDocument(
                    .serviceUnavailable, "not-ready", title: "There's nothing to report yet",
                    detail: "The coordinator has no accepted configuration, or hasn't listed the cluster yet; "
                        + "/api/v1/configuration says what it made of the ConfigMap.")
            }
            return try Self.json(CellMatrix(snapshot))
        }
        let now = loop.clock.now
        guard let at = MomentText.moment(text, now: now), at <= now + 1 else {
            throw ProblemDocument(
                .badRequest, "parameter-invalid", title: "The parameter at can't be read",
                detail: "It takes \(MomentText.momentHelp), that isn't in the future.")
        }
        return try Self.json(try await past(at))
    }

    static func json(_ value: some Encodable) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try encoder.encode(value))))
    }

    private func past(_ at: Timestamp) async throws -> CellMatrix {
        let set = await imageSet()
        do {
            guard let store = loop.history.queries else {
                throw HistoryError(kind: .other, path: "", detail: "none is kept")
            }
            return try await store.past(imageSet: set, withLabels: true) { reader in
                CellMatrix(try reader.moment(at: at.milliseconds))
            }
        } catch let error as HistoryError {
            throw ProblemDocument(
                .serviceUnavailable, "history-unavailable", title: "History can't be read", detail: "\(error)")
        }
    }
}
