import FoundationEssentials
import Shared
import Synchronization
import Testing

@testable import KubernetesClient
@testable import KubernetesFixtures
@testable import TestBasics

@Suite struct ClusterAccessTests {
    /// A clock that a test moves.
    private final class Clock: Sendable {
        private let offset = Mutex(Duration.zero)
        private let start = ContinuousClock.now
        var now: ContinuousClock.Instant { offset.withLock { start + $0 } }
        func advance(_ duration: Duration) { offset.withLock { $0 += duration } }
    }

    private static let node = Answer.json(#"{"metadata":{"name":"n1","resourceVersion":"1"}}"#)
    private static let unauthorized = Answer.json(
        #"{"kind":"Status","status":"Failure","reason":"Unauthorized","message":"Unauthorized","code":401}"#,
        status: 401)

    private static func client(_ access: ClusterAccess) -> KubernetesClient {
        var client = KubernetesClient(access: access, logger: .quiet)
        client.sleep = { _ in }
        return client
    }

    @Test func aRotatedTokenIsTakenUp() async throws {
        let folder = try ScratchFolder()
        let path = try folder.write("token", "one\n")
        let clock = Clock()
        try await ScriptedServer.run { _, _ in
            Self.node
        } _: { url, server in
            var settings = ClusterSettings(place: "test", server: url)
            settings.user.token = .file(path)
            let client = Self.client(ClusterAccess(settings, now: { clock.now }))
            for (token, pause) in [("one", 1), ("two", 1), ("two", 10)] {
                try folder.write("token", token)
                clock.advance(.seconds(pause))
                _ = try await client.get(Node.self, "n1")
            }
            #expect(server.requests.map { $0.headers["authorization"] } == ["Bearer one", "Bearer one", "Bearer two"])
        }
    }

    @Test func aRefusedTokenIsReadAgainAtOnce() async throws {
        let folder = try ScratchFolder()
        let path = try folder.write("token", "one")
        try await ScriptedServer.run { asked, _ in
            asked.headers["authorization"] == "Bearer two" ? Self.node : Self.unauthorized
        } _: { url, server in
            var settings = ClusterSettings(place: "test", server: url)
            settings.user.token = .file(path)
            let client = Self.client(ClusterAccess(settings))
            let error = try await failure(KubernetesError.self) { _ = try await client.get(Node.self, "n1") }
            #expect(error.isUnauthorized)
            #expect(error.description.contains("log in again"))
            #expect(!error.description.contains("one"))
            #expect(server.requests.count == 1)  // the same token once more would be no use
            try folder.write("token", "two")
            _ = try await client.get(Node.self, "n1")
            #expect(server.requests.count == 3)
        }
    }

    @Test func userNameAndImpersonation() async throws {
        try await ScriptedServer.run { _, _ in
            Self.node
        } _: { url, server in
            var settings = ClusterSettings(place: "test", server: url)
            settings.user.basic = .init(username: "jane", password: "secret")
            settings.user.impersonation = [("Impersonate-User", "boss")]
            _ = try await Self.client(ClusterAccess(settings)).get(Node.self, "n1")
            let headers = try #require(server.requests.first?.headers)
            #expect(headers["authorization"] == "Basic amFuZTpzZWNyZXQ=")
            #expect(headers["impersonate-user"] == "boss")
        }
    }

    @Test func missingFilesAreNamed() async throws {
        var settings = ClusterSettings(place: "in-cluster service account", server: "http://127.0.0.1:1")
        settings.user.token = .file("/none/token")
        let error = try await failure(AccessError.self) {
            _ = try await Self.client(ClusterAccess(settings)).get(Node.self, "n1")
        }
        #expect(
            error.description
                == "in-cluster service account: token can't be read from /none/token: check that it exists and may be read"
        )
    }

    @Test func aPodFindsItsApiServer() throws {
        let folder = try ScratchFolder()
        try folder.write("token", "t")
        try folder.write("ca.crt", "CA")
        try folder.write("namespace", "team\n")
        let cluster = InCluster(directory: folder.path)
        let environment = ["KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"]
        let settings = try #require(try cluster.settings(environment: environment))
        #expect(settings.server == "https://10.0.0.1:443")
        #expect(settings.namespace == "team")
        #expect(settings.user.token == .file(folder.path + "/token"))
        #expect(settings.certificateAuthority == .file(folder.path + "/ca.crt"))
        guard case .none = settings.proxy else {
            Issue.record("a proxy is used in the cluster")
            return
        }
        let six = try cluster.settings(
            environment: ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"])
        #expect(six?.server == "https://[fd00::1]:443")
        #expect(try cluster.settings(environment: [:]) == nil)
        let error = #expect(throws: AccessError.self) {
            try InCluster(directory: "/none").settings(environment: environment)
        }
        #expect(error?.description.contains("automountServiceAccountToken") == true)
    }
}
