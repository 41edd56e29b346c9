import Cluster
import Control
import Formatting
import HTTPListener
import HTTPTypes
import History
import Hummingbird
import ImageSets
import Planning
import Reporting
import Shared

/// One node, and one image.
struct SubjectRoutes: Sendable {
    let desk: QuestionDesk

    func node(_ request: Request, name: String) async throws -> Response {
        let status = await desk.configurationStatus()
        let set = try desk.parameters(request).set()
        let snapshot = try await desk.snapshot()
        try desk.checkSet(set, in: snapshot)
        var report = NodeReport(snapshot, node: name, set: set)
        report.lastEdit = LastEdit(status)
        do {
            let past = try await desk.past { db in try NodePast.read(name, db) }
            if let past { report.add(past, snapshot) }
        } catch {
            report.historyError = "\(error)"
            // Whether such a node ever was isn't known then.
            if !report.isKnown { throw ProblemDocument(error) }
        }
        guard report.isKnown else {
            throw ProblemDocument(
                .notFound, "unknown-node", title: "There is no such node",
                detail: "The cluster has no node \"\(name)\", and history remembers none."
                    + NearestName.hint(for: name, among: snapshot.cluster.nodes.keys))
        }
        return try report.response(to: request)
    }

    func image(_ request: Request, name: String) async throws -> Response {
        let parameters = desk.parameters(request)
        let since = try parameters.moment("since") ?? parameters.now + -30 * 86_400
        let set = try parameters.set()
        let snapshot = try await desk.snapshot()
        try desk.checkSet(set, in: snapshot)
        let images = snapshot.images
        let reference: String
        var report: ImageReport
        if let column = QuestionDesk.column(of: name, in: images) {
            reference = images[column].reference.written
            report = ImageReport(snapshot, column: column, set: set)
        } else {
            reference = try await desk.reference(name)
            report = ImageReport(snapshot, unlisted: name, try ImageReference(reference))
        }
        do {
            let past = try await desk.past { db in try ImagePast.read(reference, since: since.milliseconds, db) }
            if let past { report.add(past) }
        } catch {
            report.historyError = "\(error)"
        }
        return try report.response(to: request)
    }
}
