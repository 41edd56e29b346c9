import HTTPTypes
import Hummingbird
import Planning
import Shared

/// One node, and one image.
struct SubjectRoutes: Sendable {
    let desk: QuestionDesk

    func node(_ request: Request, name: String) async throws -> Response {
        let status = await desk.configurationStatus()
        let snapshot = try await desk.snapshot()
        var report = NodeReport(snapshot, node: name)
        report.lastEdit = LastEdit(status)
        if let store = desk.loop.history.queries {
            let past = try? await store.read { db in try NodePast.read(name, db) }
            if let past { report.add(past, snapshot) }
        }
        guard report.isKnown else {
            throw ProblemDocument(
                .notFound, "unknown-node", title: "There is no such node",
                detail: "The cluster has no node of this name, and history remembers none.")
        }
        return try report.response(to: request)
    }

    func image(_ request: Request, name: String) async throws -> Response {
        let parameters = desk.parameters(request)
        let since = try parameters.moment("since") ?? parameters.now + -30 * 86_400
        let snapshot = try await desk.snapshot()
        guard let column = QuestionDesk.column(of: name, in: snapshot.configuration.images) else {
            let names = snapshot.configuration.images.map(\.name).prefix(20).joined(separator: ", ")
            throw ProblemDocument(
                .notFound, "unknown-image", title: "There is no such image entry",
                detail: "The list has: \(names.isEmpty ? "nothing" : names).")
        }
        var report = ImageReport(snapshot, column: column)
        let reference = snapshot.configuration.images[column].reference.written
        if let store = desk.loop.history.queries {
            let past = try? await store.read { db in try ImagePast.read(reference, since: since.milliseconds, db) }
            if let past { report.add(past) }
        }
        return try report.response(to: request)
    }
}
