import FoundationEssentials
import Hummingbird
import Logging
import Shared
import TestServer
import Testing

@testable import Access
@testable import Certificates
@testable import ConfigurationParsing
@testable import Control
@testable import ControlFixtures
@testable import HTTPListener
@testable import History
@testable import Server
@testable import TestBasics

/// The two listeners on free ports, on a stage, with certificates of their own and an API server that is a table.
struct LiveCoordinator: Sendable {
    let stage: Stage
    let board: ConfigurationBoard
    let identity: ServingIdentity
    let api: ReviewTable
    let access: ServerAccess
    let limiter: ConnectionLimiter
    let localLimiter: ConnectionLimiter
    /// What clients of the open listener trust.
    let bundle: String
    let agents: String
    let local: String

    /// Runs both listeners while `body` does.
    static func run(
        limits: ServerLimits = .open, localLimits: ServerLimits = .local, history: (any HistoryRecorder)? = nil,
        streamLifetime: Duration = EventRoutes.longest, streams: Int = AnswerBounds.streams, patience: Duration = .zero,
        _ body: @escaping @Sendable (LiveCoordinator) async throws -> Void
    ) async throws {
        let stage = Stage(history: history)
        let board = ConfigurationBoard(configMap: "k8s-image-puller/k8s-image-puller")
        var routes = QueryRoutes(loop: stage.loop) { board.status }
        routes.streamLifetime = streamLifetime
        routes.bounds = AnswerBounds(streams: streams)
        let queries = routes
        let identity = try ServingIdentity()
        let (authority, serving) = try certificates()
        try identity.use(serving)
        let api = ReviewTable()
        let access = api.access(loop: stage.loop)
        let (limiter, localLimiter) = (ConnectionLimiter(limits), ConnectionLimiter(localLimits))
        try await whileServingPort { onListening in
            Listeners.open(
                host: "127.0.0.1", port: 0, loop: stage.loop, queries: queries, identity: identity, access: access,
                limiter: limiter, patience: patience, logger: .quiet, onListening: onListening)
        } _: { agentPort in
            try await whileServingPort { onListening in
                Listeners.local(
                    port: 0, loop: stage.loop, queries: queries, limiter: localLimiter, logger: .quiet,
                    onListening: onListening)
            } _: { localPort in
                try await body(
                    LiveCoordinator(
                        stage: stage, board: board, identity: identity, api: api, access: access, limiter: limiter,
                        localLimiter: localLimiter, bundle: authority.certificate,
                        agents: "https://127.0.0.1:\(agentPort)", local: "http://127.0.0.1:\(localPort)"))
            }
        }
    }

    static func certificates() throws -> (authority: IssuedCertificate, serving: IssuedCertificate) {
        let now = Date()
        let maker = CertificateMaker()
        let authority = try maker.authority(now - 3600..<now + 86_400)
        return (
            authority, try maker.serving(["127.0.0.1", "localhost"], by: authority, now - 3600..<now + 3600)
        )
    }

    /// Puts a configuration in force on one node, with its images as given.
    func start(images: [String] = ["web=nginx"], nodes: [String] = ["n1"]) async throws {
        await stage.loop.follow(Stage.pods)
        await stage.loop.replaceNodes(nodes.map { Stage.node($0, labels: ["pool": "\($0)-pool"]) })
        await stage.loop.replacePods([], of: Stage.pods)
        await stage.loop.adopt(try Stage.configuration(images), revision: 3)
        post(resourceVersion: "10")
    }

    /// What the keeper of the ConfigMap would say of its newest edit.
    func post(resourceVersion: String, isAccepted: Bool = true, errors: [String] = []) {
        var status = board.status
        status.revision = 3
        status.isAccepted = isAccepted
        status.resourceVersion = resourceVersion
        status.findings = errors.map { .init(severity: "error", key: "IMAGES", message: $0) }
        board.post(status)
    }

    /// A report to the agents' route, by default by the agent of n1.
    func post(
        _ body: [UInt8], type: String = "application/x-protobuf", token: String? = "agent-n1",
        query: String = "after=0&wait=0"
    ) async throws -> Shared.HTTPResponse {
        var request = Shared.HTTPRequest(
            "POST", "\(agents)/agent/v1/reports?\(query)", headers: ["Content-Type": type], body: body)
        if let token { request.headers["Authorization"] = "Bearer \(token)" }
        return try await client.send(request)
    }

    func get(_ url: String, token: String? = nil) async throws -> Shared.HTTPResponse {
        var request = Shared.HTTPRequest("GET", url)
        if let token { request.headers["Authorization"] = "Bearer \(token)" }
        return try await client.send(request)
    }

    var client: HTTPClient { HTTPClient(configuration: .init(tls: TLSOptions(caPEM: bundle))) }
}

/// What every refusal must be: a problem document with its status and type.
func expectProblem(
    _ response: Shared.HTTPResponse, _ status: Int, _ type: String, _ location: SourceLocation = #_sourceLocation
) throws {
    #expect(response.status == status, sourceLocation: location)
    #expect(response.headers["Content-Type"] == "application/problem+json", sourceLocation: location)
    let document = try JSONDecoder().decode(JSONValue.self, from: Data(response.body))
    #expect(document["status"] == .integer(Int64(status)), sourceLocation: location)
    #expect(document["type"] == .string("urn:image-puller:problem:\(type)"), sourceLocation: location)
    for key in ["title", "detail"] {
        #expect(document[key]?.stringValue?.isEmpty == false, sourceLocation: location)
    }
}
