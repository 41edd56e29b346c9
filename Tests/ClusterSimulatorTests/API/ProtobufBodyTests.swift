import Shared
import Testing

@testable import ClusterSimulator

/// Secrets, ConfigMaps and DeleteOptions as typed Go clients send them.
@Suite struct ProtobufBodyTests {
    private static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        [number << 3 | 2, UInt8(bytes.count & 0x7F) | 0x80, UInt8(bytes.count >> 7)] + bytes
    }

    private static func field(_ number: UInt8, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

    private static func body(_ version: String, _ kind: String, _ object: [UInt8]) -> [UInt8] {
        [0x6B, 0x38, 0x73, 0] + field(1, field(1, version) + field(2, kind)) + field(2, object) + field(3, "")
    }

    private static func send(_ fixture: APIFixture, _ method: String, _ path: String, _ body: [UInt8]) async -> Int {
        let request = APIRequest(method, path, headers: ["Content-Type": ProtobufBody.mediaType], body: body)
        guard case .document(let document) = await fixture.handler.respond(to: request) else { return 0 }
        return document.status
    }

    @Test func aSecretIsStored() async throws {
        let fixture = try await APIFixture()
        let path = "/api/v1/namespaces/facts/secrets"
        let metadata = Self.field(1, "release.v1") + Self.field(11, Self.field(1, "owner") + Self.field(2, "helm"))
        let object =
            Self.field(1, metadata) + Self.field(2, Self.field(1, "release") + Self.field(2, [0, 0xFF, 1]))
            + Self.field(3, "helm.sh/release.v1")
        #expect(await Self.send(fixture, "POST", path, Self.body("v1", "Secret", object)) == 201)
        let stored = try #require(await fixture.store.get(.secrets, namespace: "facts", name: "release.v1"))
        #expect(stored.at("data", "release") == "AP8B")
        #expect(stored["type"] == "helm.sh/release.v1")
        #expect(stored.at("metadata", "labels") == ["owner": "helm"])

        let options = Self.body("v1", "DeleteOptions", [1 << 3, 0] + Self.field(4, "Background"))
        #expect(await Self.send(fixture, "DELETE", path + "/release.v1", options) == 200)
        #expect(await fixture.store.get(.secrets, namespace: "facts", name: "release.v1") == nil)
    }

    @Test(
        arguments: [
            [], [0x6B, 0x38, 0x73, 0], [0x6B, 0x38, 0x73, 0, 0x0A, 0xFF], [1, 2, 3],
            body("v1", "Pod", []), body("v1", "Secret", [0x0A]), Array(repeating: 0xFF, count: 64),
        ] as [[UInt8]])
    func whatIsNotUnderstoodIsRefused(_ body: [UInt8]) async throws {
        let fixture = try await APIFixture()
        #expect(await Self.send(fixture, "POST", "/api/v1/namespaces/facts/secrets", body) == 415)
    }

    /// A Deployment's strategy is a union: kubectl and Helm name the member that stays.
    @Test func whatIsNotRetainedGoes() {
        let patch: JSONValue = ["spec": ["strategy": ["$retainKeys": ["type"], "type": "Recreate"]]]
        let object: JSONValue = [
            "spec": ["strategy": ["type": "RollingUpdate", "rollingUpdate": ["maxSurge": 1]], "replicas": 1]
        ]
        #expect(
            PatchFormat.strategicMerge.applied(patch, to: object, type: .deployments)
                == ["spec": ["strategy": ["type": "Recreate"], "replicas": 1]])
    }
}
