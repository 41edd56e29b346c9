import Shared
import Testing

@testable import ClusterSimulator

/// Leases, by which one of several candidates is chosen: what matters is that of two writers one is refused.
@Suite struct LeaseTests {
    private static let leases = "/apis/coordination.k8s.io/v1/namespaces/facts/leases"

    private func lease(_ holder: String, version: String? = nil) -> JSONValue {
        var lease: JSONValue = [
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": ["name": "l"],
            "spec": [
                "holderIdentity": .string(holder), "leaseDurationSeconds": 10, "leaseTransitions": 0,
                "acquireTime": "2026-11-22T21:17:36.677519Z", "renewTime": "2026-11-22T21:17:36.677519Z",
            ],
        ]
        lease.set("metadata", "resourceVersion", to: version.map(JSONValue.string))
        return lease
    }

    @Test func ofTwoCreationsOneWins() async throws {
        let api = try await APIFixture()
        #expect(await api.send("POST", Self.leases, lease("a")).status == 201)
        let second = await api.send("POST", Self.leases, lease("b"))
        #expect(second.status == 409)
        #expect(second.json["reason"] == "AlreadyExists")
        #expect(await api.send("GET", Self.leases + "/l").json.at("spec", "holderIdentity") == "a")
    }

    @Test func ofTwoReplacementsOfOneVersionOneWins() async throws {
        let api = try await APIFixture()
        let made = await api.send("POST", Self.leases, lease("a")).json
        let version = try #require(made.at("metadata", "resourceVersion")?.stringValue)
        let first = await api.send("PUT", Self.leases + "/l", lease("b", version: version))
        #expect(first.status == 200)
        #expect(first.json.at("metadata", "resourceVersion")?.stringValue != version)
        let second = await api.send("PUT", Self.leases + "/l", lease("c", version: version))
        #expect(second.status == 409)
        #expect(second.json["reason"] == "Conflict")
        #expect(await api.send("GET", Self.leases + "/l").json.at("spec", "holderIdentity") == "b")
    }

    @Test func replacementNeedsAVersionAndAnObject() async throws {
        let api = try await APIFixture()
        #expect(await api.send("PUT", Self.leases + "/l", lease("a", version: "1")).status == 404)
        _ = await api.send("POST", Self.leases, lease("a"))
        let blind = await api.send("PUT", Self.leases + "/l", lease("b"))
        #expect(blind.status == 422)
        #expect(blind.json["message"]?.stringValue?.contains("must be specified for an update") == true)
    }

    @Test(arguments: [
        ("leaseDurationSeconds", JSONValue.integer(0), 422), ("leaseTransitions", -1, 422),
        ("leaseDurationSeconds", "ten", 400), ("renewTime", "yesterday", 400),
        ("renewTime", "2026-11-22T21:17:36Z", 400), ("holderIdentity", 7, 400),
    ])
    func badField(name: String, value: JSONValue, status: Int) async throws {
        let api = try await APIFixture()
        var bad = lease("a")
        bad.set("spec", name, to: value)
        #expect(await api.send("POST", Self.leases, bad).status == status)
    }
}
