import Shared
import Testing

@testable import ClusterSimulator

@Suite struct APIServerTests {
    @Test(.timeLimit(.minutes(1))) func objectsComeBackAsSent() async throws {
        try await LiveServer.with { live in
            let path = "/api/v1/namespaces/default/configmaps"
            let made = try await live.send("POST", path, APIFixture.configMap("a", ["k": "ü/\"\n"]))
            #expect(made.status == 201)
            #expect(made.headers["Content-Type"] == "application/json")
            let got = try await live.send("GET", path + "/a")
            #expect(got.json == made.json)
            #expect(got.json.at("data", "k") == "ü/\"\n")
            let applied = try await live.send(
                "PATCH", path + "/a?fieldManager=me&force=true", APIFixture.configMap("a", ["k": "2"]),
                type: "application/apply-patch+yaml")
            #expect(applied.json.at("data", "k") == "2")
            live.handler.faults.next(1, .fail(status: 429, retryAfter: 7))
            let refused = try await live.send("GET", path)
            #expect(refused.status == 429)
            #expect(refused.headers["retry-after"] == "7")
            let missing = try await live.send("GET", "/nowhere")
            #expect(missing.status == 404)
            let tooLarge = try await live.send(
                "POST", path, APIFixture.configMap("big", ["k": String(repeating: "x", count: 4 << 20)]))
            #expect(tooLarge.status == 413)
        }
    }

    @Test(.timeLimit(.minutes(1))) func watchStreamsAndEndsWhenItsClientGoes() async throws {
        try await LiveServer.with(bookmarkInterval: .milliseconds(300)) { live in
            let path = "/api/v1/namespaces/default/configmaps"
            do {
                let stream = try await live.watch(path + "?watch=1&allowWatchBookmarks=true")
                #expect(stream.status == 200)
                #expect(stream.headers["Content-Type"] == "application/json")
                try await live.store.create(.configMaps, namespace: "default", object: APIFixture.configMap("a"))
                var kinds: [JSONValue?] = []
                for try await line in stream.body.lines {
                    kinds.append(try Fact.parse(String(decoding: line, as: UTF8.self))["type"])
                    if kinds.last == .some("BOOKMARK") { break }
                }
                #expect(kinds == ["ADDED", "BOOKMARK"])
                #expect(await live.store.watchCount == 1)
            }
            while await live.store.watchCount > 0 { try await Task.sleep(for: .milliseconds(20)) }
            while live.handler.openWatches.count > 0 { try await Task.sleep(for: .milliseconds(20)) }
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: [false, true]) func watchesCanBeDropped(abruptly: Bool) async throws {
        try await LiveServer.with { live in
            let stream = try await live.watch("/api/v1/nodes?watch=1&resourceVersion=1&timeoutSeconds=600")
            while await live.store.watchCount == 0 { try await Task.sleep(for: .milliseconds(20)) }
            await live.handler.dropWatches(abruptly: abruptly)
            var failed = false
            do {
                for try await _ in stream.body.lines {}
            } catch {
                failed = true
            }
            #expect(failed == abruptly)
        }
    }
}
