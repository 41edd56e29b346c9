import Shared
import Testing

@testable import ClusterSimulator

@Suite struct ObjectStoreTests {
    private func pod(_ name: String, node: String? = "n1") -> JSONValue {
        var pod: JSONValue = [
            "metadata": ["name": .string(name)], "spec": ["containers": [["name": "c", "image": "busy"]]],
        ]
        pod.set("spec", "nodeName", to: node.map(JSONValue.string))
        return pod
    }

    @Test func createNeedsItsNamespace() async throws {
        let store = ObjectStore()
        await #expect(throws: APIError.notFound(.namespaces, "none")) {
            try await store.create(.pods, namespace: "none", object: pod("p"))
        }
    }

    @Test func scheduledPodWaitsForItsNode() async throws {
        let store = ObjectStore()
        try await store.create(.pods, namespace: "default", object: pod("p"))
        let events = try await store.watch(.pods)
        try await store.delete(.pods, namespace: "default", name: "p", gracePeriodSeconds: 7)
        let marked = await store.get(.pods, namespace: "default", name: "p")
        #expect(marked?.isBeingDeleted == true)
        #expect(marked?.at("metadata", "deletionGracePeriodSeconds") == 7)
        #expect(marked?.at("metadata", "generation") == 2)
        await store.finishDeletion(namespace: "default", name: "p", uid: "another")
        #expect(await store.get(.pods, namespace: "default", name: "p") != nil)
        await store.finishDeletion(namespace: "default", name: "p", uid: marked?.uid)
        #expect(await store.get(.pods, namespace: "default", name: "p") == nil)
        var kinds: [WatchEvent.Kind] = []
        for await event in events {
            kinds.append(event.kind)
            if event.kind == .deleted { break }
        }
        #expect(kinds == [.modified, .modified, .deleted])
    }

    @Test func unscheduledAndForcedPodsGoAtOnce() async throws {
        let store = ObjectStore()
        try await store.create(.pods, namespace: "default", object: pod("a", node: nil))
        try await store.delete(.pods, namespace: "default", name: "a")
        try await store.create(.pods, namespace: "default", object: pod("b"))
        try await store.delete(.pods, namespace: "default", name: "b")
        try await store.delete(.pods, namespace: "default", name: "b", gracePeriodSeconds: 0)
        #expect(await store.list(.pods).items.isEmpty)
    }

    @Test func preconditions() async throws {
        let store = ObjectStore()
        try await store.create(.configMaps, namespace: "default", object: APIFixture.configMap("a"))
        await #expect(throws: APIError.self) {
            try await store.delete(
                .configMaps, namespace: "default", name: "a", options: DeleteOptions(uid: "other"))
        }
        #expect(await store.get(.configMaps, namespace: "default", name: "a") != nil)
    }

    @Test func dependentsGoWithTheirOwner() async throws {
        let api = try await APIFixture()
        let owner = try await api.store.create(
            .daemonSets, namespace: "facts", object: APIFixture.daemonSet("d1"))
        var owned = pod("p", node: nil)
        owned.set(
            "metadata", "ownerReferences",
            to: [["apiVersion": "apps/v1", "kind": "DaemonSet", "name": "d1", "uid": .string(owner.uid)]])
        try await api.store.create(.pods, namespace: "facts", object: owned)
        // An owner in another namespace is none.
        try await api.store.create(.pods, namespace: "default", object: owned)
        #expect(await api.store.list(.pods).items.map(\.namespace) == ["facts"])
        try await api.store.delete(.daemonSets, namespace: "facts", name: "d1")
        #expect(await api.store.list(.pods).items.isEmpty)
    }

    @Test func orphansStay() async throws {
        let api = try await APIFixture()
        let owner = try await api.store.create(
            .daemonSets, namespace: "facts", object: APIFixture.daemonSet("d1"))
        var owned = pod("p")
        owned.set("metadata", "ownerReferences", to: [DaemonSetTemplate(owner).ownerReference])
        try await api.store.create(.pods, namespace: "facts", object: owned)
        let answer = await api.send("DELETE", APIFixture.daemonSets + "/d1?propagationPolicy=Orphan")
        #expect(answer.json["status"] == "Success")
        let left = await api.store.list(.pods).items
        #expect(left.map(\.name) == ["p"])
        #expect(left.first?.ownerReferences.isEmpty == true)
    }

    @Test func foregroundDeletionWaitsForDependents() async throws {
        let api = try await APIFixture()
        let owner = try await api.store.create(
            .daemonSets, namespace: "facts", object: APIFixture.daemonSet("d1"))
        var owned = pod("p")
        owned.set("metadata", "ownerReferences", to: [DaemonSetTemplate(owner).ownerReference])
        try await api.store.create(.pods, namespace: "facts", object: owned)
        _ = await api.send("DELETE", APIFixture.daemonSets + "/d1", ["propagationPolicy": "Foreground"])
        #expect(await api.store.get(.daemonSets, namespace: "facts", name: "d1")?.isBeingDeleted == true)
        #expect(await api.store.get(.pods, namespace: "facts", name: "p")?.isBeingDeleted == true)
        await api.store.finishDeletion(namespace: "facts", name: "p")
        #expect(await api.store.get(.daemonSets, namespace: "facts", name: "d1") == nil)
    }

    @Test func namespaceGoesWithTheLastOfItsContent() async throws {
        let api = try await APIFixture()
        try await api.store.create(.pods, namespace: "facts", object: pod("p"))
        try await api.store.create(.configMaps, namespace: "facts", object: APIFixture.configMap("a"))
        try await api.store.delete(.namespaces, name: "facts")
        #expect(await api.store.list(.configMaps, namespace: "facts").items.isEmpty)
        #expect(await api.send("POST", APIFixture.configMaps, APIFixture.configMap("b")).status == 403)
        await api.store.finishDeletion(namespace: "facts", name: "p")
        #expect(await api.store.get(.namespaces, name: "facts") == nil)
    }

    @Test func statusAndSpecAreWrittenApart() async throws {
        let api = try await APIFixture()
        var set = try await api.store.create(
            .daemonSets, namespace: "facts", object: APIFixture.daemonSet("d1"))
        set.set("status", "numberReady", to: 3)
        set.set("spec", "minReadySeconds", to: 1)
        let status = await api.send("PUT", APIFixture.daemonSets + "/d1/status", set).json
        #expect(status.at("status", "numberReady") == 3)
        #expect(status.at("spec", "minReadySeconds") == nil)
        #expect(status.at("metadata", "generation") == 1)
        var spec = set
        spec.set("status", "numberReady", to: 9)
        spec.set("metadata", "resourceVersion", to: nil)
        let written = await api.send("PUT", APIFixture.daemonSets + "/d1", spec).json
        #expect(written.at("status", "numberReady") == 3)
        #expect(written.at("metadata", "generation") == 2)
    }

    @Test func leaseGoesAroundAsSent() async throws {
        let store = ObjectStore()
        try await store.create(.namespaces, object: ["metadata": ["name": "n"]])
        let fact = try Fact("lease.json").json
        let lease: JSONValue = ["metadata": ["name": "n1"], "spec": fact["spec"] ?? .null]
        let made = try await store.create(.leases, namespace: "n", object: lease)
        #expect(made["spec"] == fact["spec"])
        #expect(made["apiVersion"] == fact["apiVersion"])
    }

    @Test func slowWatcherIsDropped() async throws {
        let store = ObjectStore()
        let watch = try await store.openWatch(.configMaps, bufferLimit: 2)
        for index in 0..<4 {
            try await store.create(.configMaps, namespace: "default", object: APIFixture.configMap("c\(index)"))
        }
        var count = 0
        for await _ in watch.events { count += 1 }
        #expect(count == 2)
        #expect(await store.watchCount == 0)
    }
}
