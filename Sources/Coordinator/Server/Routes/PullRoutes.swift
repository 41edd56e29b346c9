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

/// `POST /api/v1/pull?image=IMAGE&node=NODE`: doesn't wait for what the plan waits for.
struct PullRoutes: Sendable {
    let desk: QuestionDesk

    func pull(_ request: Request) async throws -> Response {
        let parameters = QueryParameters(request, now: desk.loop.clock.now)
        guard let image = try parameters.text("image") else {
            throw ProblemDocument(
                .badRequest, "no-image", title: "No image is named",
                detail: "Say which one: /api/v1/pull?image=NAME, where NAME is an entry's name or its reference.")
        }
        do {
            return try await desk.loop.pull(image: image, node: parameters.text("node")).response(to: request)
        } catch let refusal as PullRefusal {
            throw ProblemDocument(refusal, hint: await hint(refusal))
        }
    }

    private func hint(_ refusal: PullRefusal) async -> String {
        switch refusal {
        case .notReady: return ""
        case .unknownImage(let image):
            let images = await desk.loop.configuration?.images ?? []
            return NearestName.hint(for: image, among: images.map(\.name) + images.map(\.reference.written))
        case .unknownNode(let node):
            return NearestName.hint(for: node, among: await desk.loop.cluster.nodes.keys)
        }
    }
}

extension PullRequestOutcome: Answer {
    package static var hasTable: Bool { false }
}

extension ProblemDocument {
    /// - Parameter hint: the name that was probably meant, as a sentence after a blank; empty for none.
    init(_ refusal: PullRefusal, hint: String) {
        switch refusal {
        case .notReady:
            self.init(
                .serviceUnavailable, "not-ready", title: "Nothing can be pulled yet",
                detail: "The coordinator has no accepted configuration, or hasn't listed the cluster yet.")
        case .unknownImage(let image):
            self.init(
                .notFound, "unknown-image", title: "The image isn't on the list",
                detail: "\"\(image)\" is neither the name nor the reference of an entry of IMAGES.\(hint)")
        case .unknownNode(let node):
            self.init(
                .notFound, "unknown-node", title: "There's no such node",
                detail: "The cluster has no node \"\(node)\".\(hint)")
        }
    }
}
