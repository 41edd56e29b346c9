import Cluster
import FoundationEssentials
import HTTPTypes
import History
import Hummingbird
import Planning
import Reporting

/// `GET /api/v1/cells[?at=…][&set=…]`: the states of all cells, for the dashboard's heat map.
struct CellRoutes: Sendable {
    let desk: QuestionDesk

    func cells(_ request: Request) async throws -> Response {
        let parameters = desk.parameters(request)
        let set = try parameters.set()
        guard let at = try parameters.moment("at") else {
            let snapshot = try await desk.snapshot()
            try desk.checkSet(set, in: snapshot)
            return try CellMatrix(snapshot, set: set).response(to: request)
        }
        try CoverageRoutes.checkPast(at, now: parameters.now)
        _ = try await desk.knownSet(parameters)
        let source = await desk.imageSet
        return try await desk.history { store in
            try await store.past(imageSet: source, withLabels: true) { reader in
                CellMatrix(try reader.moment(at: at.milliseconds), set: set)
            }
        }.response(to: request)
    }

    static func json(_ value: some Encodable) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try encoder.encode(value))))
    }
}
