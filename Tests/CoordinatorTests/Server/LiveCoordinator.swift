import FoundationEssentials
import Hummingbird
import Logging
import Shared
import Testing

@testable import Coordinator

/// The two listeners on free ports, on a stage.
struct LiveCoordinator: Sendable {
    let stage: Stage
    let token: AgentToken
    let board: ConfigurationBoard
    let agents: String
    let local: String

    static let secret = String(repeating: "s", count: 64)

    /// Runs both listeners while `body` does.
    static func run(
        history: (any HistoryRecorder)? = nil, _ body: @escaping @Sendable (LiveCoordinator) async throws -> Void
    ) async throws {
        let stage = Stage(history: history)
        let token = AgentToken()
        token.use(secret)
        let board = ConfigurationBoard(configMap: "k8s-image-puller/k8s-image-puller")
        let (agentPort, localPort) = (PortPromise(), PortPromise())
        let agents = Listeners.agents(
            host: "127.0.0.1", port: 0, loop: stage.loop, authenticator: SharedSecretAuthenticator(token: token),
            logger: .quiet
        ) { await agentPort.fulfil($0) }
        let local = Listeners.local(
            port: 0, loop: stage.loop, configurationStatus: { board.status }, logger: .quiet
        ) { await localPort.fulfil($0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await agents.run() }
            group.addTask { try await local.run() }
            defer { group.cancelAll() }
            try await body(
                LiveCoordinator(
                    stage: stage, token: token, board: board,
                    agents: "http://127.0.0.1:\(try await agentPort.value)",
                    local: "http://127.0.0.1:\(try await localPort.value)"))
        }
    }

    /// Puts a configuration in force on one node, with its images as given.
    func start(images: [String] = ["web=nginx"], nodes: [String] = ["n1"]) async throws {
        await stage.loop.follow(Stage.pods)
        await stage.loop.replaceNodes(nodes.map { Stage.node($0, labels: ["pool": "\($0)-pool"]) })
        await stage.loop.replacePods([], of: Stage.pods)
        await stage.loop.adopt(try Stage.configuration(images), revision: 3)
    }

    func post(
        _ body: [UInt8], type: String = "application/x-protobuf", token: String? = LiveCoordinator.secret,
        query: String = "after=0&wait=0"
    ) async throws -> Shared.HTTPResponse {
        var request = Shared.HTTPRequest(
            "POST", "\(agents)/agent/v1/reports?\(query)", headers: ["Content-Type": type], body: body)
        if let token { request.headers["Authorization"] = "Bearer \(token)" }
        return try await HTTPClient().send(request)
    }

    func get(_ url: String) async throws -> Shared.HTTPResponse {
        try await HTTPClient().send(Shared.HTTPRequest("GET", url))
    }
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
