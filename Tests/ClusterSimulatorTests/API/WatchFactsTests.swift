import Shared
import Testing

@testable import ClusterSimulator

/// Watches: what they tell, in which order, and how they fail.
@Suite struct WatchFactsTests {
    @Test func lifeOfAConfigMap() async throws {
        let api = try await APIFixture()
        let version = await api.store.revision
        let name = APIFixture.configMaps + "/w1"
        _ = await api.send(
            "POST", APIFixture.configMaps, APIFixture.configMap("w1", ["a": "1"]),
            headers: ["user-agent": "kubectl-create/1"])
        _ = await api.send(
            "PATCH", name + "?fieldManager=kubectl-patch", ["data": ["a": "2"]],
            headers: ["content-type": "application/merge-patch+json"])
        _ = await api.send("DELETE", name)
        let events = try await api.watch(
            APIFixture.configMaps + "?watch=1&resourceVersion=\(version)&allowWatchBookmarks=true", count: 3)
        let fact = try Array(Fact("watch.configmaps.ndjson").lines.prefix(3))
        let kept: Set<String> = ["type", "kind", "data", "manager", "operation", "fieldsV1"]
        #expect(events.map { $0.shape(keeping: kept) } == fact.map { $0.shape(keeping: kept) })
        let versions = events.compactMap {
            $0.at("object", "metadata", "resourceVersion")?.stringValue.flatMap(Int.init)
        }
        #expect(versions == [version + 1, version + 2, version + 3])
    }

    @Test func tooOldVersionIsAnErrorEventUnderStatus200() async throws {
        let api = try await APIFixture()
        try await api.store.create(.configMaps, namespace: "facts", object: APIFixture.configMap("a"))
        await api.store.compact()
        let events = try await api.watch(APIFixture.configMaps + "?watch=1&resourceVersion=1", count: 1)
        let (status, fact) = try Fact("watch.410.http.txt").answer
        #expect(status == 200)
        #expect(events.count == 1)
        let kept: Set<String> = ["type", "reason", "kind", "status"]
        #expect(events.first?.shape(keeping: kept) == fact.shape(keeping: kept))
        #expect(events.first?.at("object", "code") == 410)
    }

    @Test func initialEventsEndWithABookmark() async throws {
        let api = try await APIFixture()
        let query = "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
        let sets = try await api.watch(APIFixture.daemonSets + query, count: 1)
        #expect(
            try sets.first?.shape(keeping: ["type", "kind", "annotations"])
                == Fact("watch.daemonsets.initial-events-end.ndjson").lines.first?
                .shape(keeping: ["type", "kind", "annotations"]))
        let pods = try await api.watch("/api/v1/pods" + query, count: 1)
        #expect(
            try pods.first?.shape(keeping: ["type", "kind", "annotations"])
                == Fact("watch.pods.rv0.head.ndjson").lines.first?.shape(keeping: ["type", "kind", "annotations"]))

        try await api.store.create(.configMaps, namespace: "facts", object: APIFixture.configMap("a"))
        let events = try await api.watch(APIFixture.configMaps + query, count: 2)
        #expect(events.map { $0["type"] } == ["ADDED", "BOOKMARK"])
        let refused = await api.send("GET", APIFixture.configMaps + "?watch=1&sendInitialEvents=true")
        #expect(refused.status == 422)
    }

    @Test func selectionIsEnteredAndLeft() async throws {
        let api = try await APIFixture()
        let version = await api.store.revision
        for label in ["no", "yes", "yes2", "no"] {
            let object: JSONValue = [
                "metadata": ["labels": ["on": .string(label.hasPrefix("yes") ? "1" : "0"), "x": .string(label)]]
            ]
            if await api.store.get(.nodes, name: "n") == nil {
                try await api.store.create(.nodes, object: APIFixture.node("n"))
            }
            _ = await api.send(
                "PATCH", "/api/v1/nodes/n", object, headers: ["content-type": "application/merge-patch+json"])
        }
        let events = try await api.watch(
            "/api/v1/nodes?watch=1&labelSelector=on%3D1&resourceVersion=\(version)", count: 3)
        #expect(events.map { $0["type"] } == ["ADDED", "MODIFIED", "DELETED"])
        #expect(events.last?.at("object", "metadata", "labels", "x") == "yes2")
    }

    @Test func timeoutEndsAWatchWithABookmark() async throws {
        let api = try await APIFixture()
        let events = try await api.watch(
            APIFixture.configMaps
                + "?watch=1&timeoutSeconds=1&allowWatchBookmarks=1&resourceVersion=\(await api.store.revision)",
            count: 10)
        #expect(events.map { $0["type"] } == ["BOOKMARK"])
    }

    @Test func newerEventsAPI() async throws {
        let api = try await APIFixture()
        let path = "/apis/events.k8s.io/v1/namespaces/facts/events"
        let made = await api.send(
            "POST", path,
            [
                "metadata": ["name": "e"], "regarding": ["kind": "Pod", "name": "p"], "note": "hello",
                "reportingController": "image-puller", "reason": "Test", "type": "Warning",
                "eventTime": "2026-11-22T21:13:42.000000Z",
            ])
        #expect(made.status == 201)
        #expect(made.json["note"] == "hello")
        let core = await api.send("GET", "/api/v1/namespaces/facts/events/e").json
        #expect(core["message"] == "hello")
        #expect(core.at("involvedObject", "name") == "p")
        #expect(core["apiVersion"] == "v1")
        let listed = await api.send("GET", path).json
        #expect(listed["apiVersion"] == "events.k8s.io/v1")
        #expect(listed["items"]?.arrayValue?.first?["note"] == "hello")
    }
}
