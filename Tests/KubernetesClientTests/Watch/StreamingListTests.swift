import Shared
import Testing

@testable import KubernetesClient
@testable import KubernetesFixtures
@testable import TestBasics

/// Lists that come as the beginning of a watch.
@Suite(.timeLimit(.minutes(3))) struct StreamingListTests {
    private static func line(_ type: String, _ name: String, _ version: Int, ends: Bool = false) -> String {
        let annotations = ends ? #","annotations":{"k8s.io/initial-events-end":"true"}"# : ""
        return
            #"{"type":"\#(type)","object":{"kind":"ConfigMap","metadata":{"name":"\#(name)","resourceVersion":"\#(version)"\#(annotations)}}}"#
            + "\n"
    }

    private static func reflector(_ url: String) -> Reflector<ConfigMap> {
        var options = ReflectorOptions()
        options.backoff = .init(initial: .milliseconds(2), maximum: .milliseconds(20))
        options.streamsLists = true
        return Reflector(client: .patient(url), selection: Selection(namespace: "facts"), options: options)
    }

    private static func words(_ reflector: Reflector<ConfigMap>, count: Int) async -> [String] {
        var words: [String] = []
        for await event in reflector {
            switch event {
            case .synced(let all): words.append((["synced"] + all.map(\.metadata.name)).joined(separator: " "))
            case .added(let object): words.append("added " + object.metadata.name)
            case .modified(let object): words.append("modified " + object.metadata.name)
            case .deleted(let object): words.append("deleted " + object.metadata.name)
            }
            if words.count == count { break }
        }
        return words
    }

    @Test("One request brings the list and what follows; a part is never taken for the whole")
    func stream() async throws {
        try await ScriptedServer.run { asked, number in
            guard asked.query["sendInitialEvents"] == "true" else {
                return .stream(.text(Self.line("ADDED", "later", 105)), .silence)
            }
            let whole =
                Self.line("ADDED", "a", 90) + Self.line("ADDED", "b", 91) + Self.line("BOOKMARK", "", 95)
                + Self.line("MODIFIED", "a", 96) + Self.line("DELETED", "b", 97) + Self.line("ADDED", "c", 98)
                + Self.line("BOOKMARK", "", 100, ends: true)
            return .stream(.text(whole + Self.line("MODIFIED", "c", 104)), .drop)
        } _: { url, server in
            let words = await Self.words(Self.reflector(url), count: 3)
            #expect(words == ["synced a c", "modified c", "added later"])
            #expect(server.requests.count == 2, "no list but the stream, and a watch that goes on")
            #expect(server.requests[0].query["resourceVersionMatch"] == "NotOlderThan")
            #expect(server.requests[0].query["allowWatchBookmarks"] == "true")
            #expect(server.requests[0].query["resourceVersion"] == nil)
            #expect(server.requests[1].query["resourceVersion"] == "104")
        }
    }

    @Test("A stream that breaks off is no list; then it's read in pages")
    func breaksOff() async throws {
        try await ScriptedServer.run { asked, _ in
            if asked.query["sendInitialEvents"] == "true" { return .stream(.text(Self.line("ADDED", "a", 90)), .drop) }
            if asked.query["watch"] == "true" { return .stream(.silence) }
            return .json(
                #"{"kind":"ConfigMapList","metadata":{"resourceVersion":"100"},"items":[{"metadata":{"name":"p"}}]}"#)
        } _: { url, _ in
            #expect(await Self.words(Self.reflector(url), count: 1) == ["synced p"])
        }
    }

    @Test("A server without it says so once, and isn't asked again")
    func refused() async throws {
        try await ScriptedServer.run { asked, number in
            if asked.query["sendInitialEvents"] == "true" {
                return .json(
                    #"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Invalid","code":422}"#,
                    status: 422)
            }
            if asked.query["watch"] == "true" {
                return .stream(
                    .text(
                        #"{"type":"ERROR","object":{"kind":"Status","status":"Failure","reason":"Expired","code":410}}"#
                            + "\n"))
            }
            return .json(
                #"{"kind":"ConfigMapList","metadata":{"resourceVersion":"100"},"items":[{"metadata":{"name":"p"}}]}"#)
        } _: { url, server in
            #expect(await Self.words(Self.reflector(url), count: 3) == ["synced p", "synced p", "synced p"])
            #expect(server.requests.filter { $0.query["sendInitialEvents"] == "true" }.count == 1)
        }
    }
}
