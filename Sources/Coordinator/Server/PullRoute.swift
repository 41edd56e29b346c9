import HTTPTypes
import Hummingbird

/// `POST /api/v1/pull?image=IMAGE&node=NODE`: doesn't wait for what the plan waits for.
struct PullRoute: Sendable {
    let loop: ControlLoop

    func add(to router: Router<BasicRequestContext>) {
        router.post("/api/v1/pull") { request, _ in try await pull(request) }
    }

    private func pull(_ request: Request) async throws -> Response {
        guard let image = request.uri.queryParameters.get("image"), !image.isEmpty else {
            throw ProblemDocument(
                .badRequest, "no-image", title: "No image is named",
                detail: "Say which one: /api/v1/pull?image=NAME, where NAME is an entry's name or its reference.")
        }
        do {
            return try QueryRoutes.json(
                try await loop.pull(image: image, node: request.uri.queryParameters.get("node")))
        } catch let refusal as PullRefusal {
            throw ProblemDocument(refusal)
        }
    }
}

extension ProblemDocument {
    init(_ refusal: PullRefusal) {
        switch refusal {
        case .notReady:
            self.init(
                .serviceUnavailable, "not-ready", title: "Nothing can be pulled yet",
                detail: "The coordinator has no accepted configuration, or hasn't listed the cluster yet.")
        case .unknownImage(let image):
            self.init(
                .notFound, "unknown-image", title: "The image isn't on the list",
                detail: "\"\(image)\" is neither the name nor the reference of an entry of IMAGES.")
        case .unknownNode(let node):
            self.init(
                .notFound, "unknown-node", title: "There's no such node",
                detail: "The cluster has no node \"\(node)\".")
        }
    }
}
