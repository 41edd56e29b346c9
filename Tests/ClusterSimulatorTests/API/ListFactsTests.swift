import Shared
import Testing

@testable import ClusterSimulator

/// Lists in pages, of past versions, and expired ones.
@Suite struct ListFactsTests {
    @Test func pages() async throws {
        let api = try await APIFixture()
        for index in 0..<7 {
            try await api.store.create(
                .events, namespace: "facts",
                object: ["metadata": ["name": .string("e\(index)")], "reason": "Pulling", "count": 1])
        }
        let fact = try Fact("list.paged.json").json
        let first = await api.send("GET", "/api/v1/events?limit=2").json
        #expect(first["kind"] == fact["kind"])
        #expect(first["metadata"]?.shape() == fact["metadata"]?.shape())
        #expect(first.at("metadata", "remainingItemCount") == 5)
        #expect(first["items"]?.arrayValue?.first?["kind"] == nil)
        #expect(first["items"]?.arrayValue?.first?["eventTime"] == .null)

        // What changes between the pages isn't seen: all pages are of one version.
        try await api.store.create(.events, namespace: "facts", object: ["metadata": ["name": "e31"]])
        try await api.store.delete(.events, namespace: "facts", name: "e5")
        var names = first["items"]?.arrayValue?.map(\.name) ?? []
        var next = first.at("metadata", "continue")?.stringValue
        while let token = next {
            let page = await api.send("GET", "/api/v1/events?limit=2&continue=\(token)").json
            #expect(page.at("metadata", "resourceVersion") == first.at("metadata", "resourceVersion"))
            names += page["items"]?.arrayValue?.map(\.name) ?? []
            next = page.at("metadata", "continue")?.stringValue
        }
        #expect(names == (0..<7).map { "e\($0)" })
    }

    @Test func expiredContinueCarriesANewToken() async throws {
        let api = try await APIFixture()
        for name in ["a", "b", "c"] {
            try await api.store.create(.configMaps, namespace: "facts", object: APIFixture.configMap(name))
        }
        let first = await api.send("GET", APIFixture.configMaps + "?limit=1").json
        let token = first.at("metadata", "continue")?.stringValue ?? ""
        try await api.store.delete(.configMaps, namespace: "facts", name: "b")
        await api.store.compact()
        let expired = await api.send("GET", APIFixture.configMaps + "?limit=1&continue=\(token)")
        let (status, fact) = try Fact("status.410.Expired.continue.http.txt").answer
        #expect(expired.status == status)
        #expect(
            expired.json.shape(keeping: ["message", "reason"]) == fact.shape(keeping: ["message", "reason"]))
        let rest = expired.json.at("metadata", "continue")?.stringValue ?? ""
        let last = await api.send("GET", APIFixture.configMaps + "?continue=\(rest)").json
        #expect(last["items"]?.arrayValue?.map(\.name) == ["c"])
    }

    @Test func exactVersions() async throws {
        let api = try await APIFixture()
        let made = try await api.store.create(
            .configMaps, namespace: "facts", object: APIFixture.configMap("a", ["k": "1"]))
        let version = made.at("metadata", "resourceVersion")?.stringValue ?? ""
        try await api.store.mutate(.configMaps, namespace: "facts", name: "a") { $0.set("data", "k", to: "2") }
        let query = "&resourceVersionMatch=Exact"
        let early = await api.send("GET", APIFixture.configMaps + "?resourceVersion=1" + query)
        #expect(try early.json == Fact("list.Exact-rv1-before-compaction.json").json)
        let past = await api.send("GET", APIFixture.configMaps + "?resourceVersion=\(version)" + query).json
        #expect(past["items"]?.arrayValue?.first?.at("data", "k") == "1")
        await api.store.compact()
        let (status, fact) = try Fact("status.410.Expired.list.http.txt").answer
        let expired = await api.send("GET", APIFixture.configMaps + "?resourceVersion=1" + query)
        #expect(expired.status == status)
        #expect(expired.json == fact)
    }

    @Test func selectors() async throws {
        let api = try await APIFixture()
        for (name, zone) in [("a", "x"), ("b", "y"), ("c", "z")] {
            try await api.store.create(.nodes, object: APIFixture.node(name, labels: ["zone": zone]))
        }
        func names(_ query: String) async -> [String] {
            await api.send("GET", "/api/v1/nodes?" + query).json["items"]?.arrayValue?.map(\.name) ?? []
        }
        #expect(await names("labelSelector=zone%3Dx") == ["a"])
        #expect(await names("labelSelector=zone%20in%20(x,y),zone!%3Dy") == ["a"])
        #expect(await names("labelSelector=!zone") == [])
        #expect(await names("labelSelector=zone+notin+(x)") == ["b", "c"])
        #expect(await names("fieldSelector=metadata.name%3Dc") == ["c"])
        #expect(await api.send("GET", "/api/v1/nodes?fieldSelector=spec.color%3Dred").status == 400)
    }

    @Test func discovery() async throws {
        let api = try await APIFixture()
        let version = await api.send("GET", "/version").json
        #expect(try version.shape() == Fact("version.json").json.shape())
        let groups = await api.send("GET", "/apis").json
        let fact = try Fact("apis.json").json
        #expect(groups["kind"] == fact["kind"])
        for group in groups["groups"]?.arrayValue ?? [] {
            #expect(fact["groups"]?.arrayValue?.contains(group) == true)
        }
        let apps = await api.send("GET", "/apis/apps/v1").json
        let real = try Fact("apis-apps-v1.json").json
        #expect(apps["groupVersion"] == real["groupVersion"])
        for resource in apps["resources"]?.arrayValue ?? [] {
            let same = real["resources"]?.arrayValue?.first { $0["name"] == resource["name"] }
            #expect(same?["kind"] == resource["kind"])
            #expect(same?["verbs"] == resource["verbs"])
            #expect(same?["namespaced"] == resource["namespaced"])
        }
        #expect(await api.send("GET", "/readyz").body == Array("ok".utf8))
        let unknown = await api.send("GET", "/apis/apps/v1/namespaces/facts/unknowns")
        #expect(unknown.status == 404)
        #expect(unknown.contentType == "text/plain")
    }
}
