import Shared
import Synchronization
import Testing

@testable import KubernetesClient
@testable import KubernetesFixtures
@testable import TestBasics

@Suite(.timeLimit(.minutes(3))) struct ReflectorTests {
    private static let empty = Answer.json(
        #"{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"100"},"items":[]}"#)

    private static func list(_ names: [String], resourceVersion: Int) -> Answer {
        let items = names.map { #"{"metadata":{"name":"\#($0)","resourceVersion":"\#(resourceVersion)"}}"# }
        return .json(
            #"{"kind":"ConfigMapList","metadata":{"resourceVersion":"\#(resourceVersion)"},"items":[\#(items.joined(separator: ","))]}"#
        )
    }

    private static func line(_ type: String, _ name: String, _ resourceVersion: Int) -> String {
        #"{"type":"\#(type)","object":{"kind":"ConfigMap","metadata":{"name":"\#(name)","resourceVersion":"\#(resourceVersion)"}}}"#
            + "\n"
    }

    private static func reflector(
        _ url: String, idleTimeout: Duration = .seconds(60)
    ) -> Reflector<ConfigMap> {
        var options = ReflectorOptions()
        options.backoff = .init(initial: .milliseconds(2), maximum: .milliseconds(20))
        options.idleTimeout = idleTimeout
        return Reflector(client: .patient(url), selection: Selection(namespace: "facts"), options: options)
    }

    /// The events until there are so many, in words: `synced a b`, `added c`.
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

    private static func watches(_ server: ScriptedServer) -> [Asked] {
        server.requests.filter { $0.query["watch"] == "true" }
    }

    @Test func capturedEventsComeInOrderAndBookmarksMoveTheResumption() async throws {
        let captured = try Facts.text("watch.configmaps.ndjson")
        try await ScriptedServer.run { asked, _ in
            switch asked.query["resourceVersion"] {
            case nil: Self.empty
            case "100": .stream(.text(captured))
            default: .stream(.text(Self.line("ADDED", "late", 2000)), .silence)
            }
        } _: { url, server in
            let words = await Self.words(Self.reflector(url), count: 5)
            #expect(words == ["synced", "added w1", "modified w1", "deleted w1", "added late"])
            let watches = Self.watches(server)
            #expect(watches.map { $0.query["resourceVersion"] } == ["100", "1997"])  // the bookmark's
            #expect(watches.allSatisfy { $0.query["allowWatchBookmarks"] == "true" })
            #expect(watches.allSatisfy { $0.path == "/api/v1/namespaces/facts/configmaps" })
            let timeouts = watches.compactMap { $0.query["timeoutSeconds"] }.compactMap { Int($0) }
            #expect(timeouts.count == 2 && timeouts.allSatisfy { (300...600).contains($0) })
        }
    }

    @Test func aDropResumesAfterTheLastEventWithoutAList() async throws {
        try await ScriptedServer.run { asked, _ in
            switch asked.query["resourceVersion"] {
            case nil: Self.empty
            case "100": .stream(.text(Self.line("ADDED", "a", 101)), .drop)
            // An event broken in two is one event; half an event is none.
            case "101":
                .stream(
                    .text(String(Self.line("ADDED", "b", 102).prefix(40))), .wait(.milliseconds(50)),
                    .text(String(Self.line("ADDED", "b", 102).dropFirst(40))),
                    .text(String(Self.line("ADDED", "half", 103).prefix(60))), .drop)
            case "102": .stream(.text("\n\n" + Self.line("DELETED", "a", 104)))
            default: .stream(.text(Self.line("ADDED", "end", 110)), .silence)
            }
        } _: { url, server in
            let words = await Self.words(Self.reflector(url), count: 5)
            #expect(words == ["synced", "added a", "added b", "deleted a", "added end"])
            #expect(Self.watches(server).map { $0.query["resourceVersion"] } == ["100", "101", "102", "104"])
            #expect(server.requests.count == 5)
        }
    }

    @Test func expiryInBothFormsMeansANewList() async throws {
        let event = try Facts.body("watch.410.http.txt")
        let answer = try Facts.body("status.410.Expired.list.http.txt")
        let lists = Mutex(0)
        try await ScriptedServer.run { asked, _ in
            guard let version = asked.query["resourceVersion"] else {
                let number = lists.withLock {
                    $0 += 1
                    return $0
                }
                return Self.list(["l\(number)"], resourceVersion: number * 10)
            }
            switch version {
            case "10": return .stream(.text(event), .silence)
            case "20": return .json(answer, status: 410)
            default: return .stream(.text(Self.line("ADDED", "end", 99)), .silence)
            }
        } _: { url, server in
            let words = await Self.words(Self.reflector(url), count: 4)
            #expect(words == ["synced l1", "synced l2", "synced l3", "added end"])
            #expect(Self.watches(server).map { $0.query["resourceVersion"] } == ["10", "20", "30"])
        }
    }

    @Test func aResourceVersionOfTheFutureMeansANewList() async throws {
        let tooLarge = try Facts.text("status.504.TooLargeRV.json")
        let lists = Mutex(0)
        try await ScriptedServer.run { asked, _ in
            guard let version = asked.query["resourceVersion"] else {
                return Self.list([], resourceVersion: lists.withLock { $0 == 0 ? 99_999_999 : 1997 })
            }
            lists.withLock { $0 += 1 }
            return version == "99999999" ? .json(tooLarge, status: 504) : .stream(.silence)
        } _: { url, server in
            let words = await Self.words(Self.reflector(url), count: 2)
            #expect(words == ["synced", "synced"])
            #expect(server.requests.map { $0.query["resourceVersion"] } == [nil, "99999999", nil])
        }
    }

    @Test func anUnreadableEventIsNeverLeftOut() async throws {
        for garbage in [
            "hello\n", #"{"type":"ADDED","object":{"metadata":[]}}"# + "\n",
            #"{"type":"SOMETHING","object":{}}"# + "\n",
        ] {
            try await ScriptedServer.run { asked, number in
                switch asked.query["resourceVersion"] {
                case nil where number == 0: Self.list(["old"], resourceVersion: 50)
                case nil: Self.list(["new"], resourceVersion: 60)
                case "50": .stream(.text(garbage), .text(Self.line("ADDED", "after", 51)), .silence)
                default: .stream(.text(Self.line("ADDED", "end", 99)), .silence)
                }
            } _: { url, server in
                let words = await Self.words(Self.reflector(url), count: 3)
                #expect(words == ["synced old", "synced new", "added end"])
                let tries = Self.watches(server).filter { $0.query["resourceVersion"] == "50" }.count
                #expect(tries == ReflectorState.fruitlessWatchesBeforeList)
            }
        }
    }

    /// A peer read a list that timed out as an empty one, and took its labels off 4,000 nodes.
    @Test func aListThatFailsIsNotDelivered() async throws {
        let expired = try Facts.body("watch.410.http.txt")
        let outcomes: [Answer] = [
            .json("", status: 500), .json("{}"), .stream(.text(#"{"kind":"ConfigMapList","metadata"#), .drop),
            .json("<html></html>"), .json(#"{"kind":"ConfigMapList","metadata":{"resourceVersion":""},"items":[]}"#),
        ]
        let lists = Mutex(0)
        try await ScriptedServer.run { asked, _ in
            if asked.query["resourceVersion"] == "50" { return .stream(.text(expired)) }
            if asked.query["watch"] == "true" { return .stream(.silence) }
            let number = lists.withLock {
                $0 += 1
                return $0
            }
            if number == 1 { return Self.list(["a", "b"], resourceVersion: 50) }
            let failing = (number - 2) / 7
            return failing < outcomes.count ? outcomes[failing] : Self.list(["b"], resourceVersion: 70)
        } _: { url, _ in
            let words = await Self.words(Self.reflector(url), count: 2)
            #expect(words == ["synced a b", "synced b"])
        }
    }

    @Test func aSilentWatchIsCutAndResumed() async throws {
        try await ScriptedServer.run { asked, number in
            switch asked.query["resourceVersion"] {
            case nil: Self.empty
            case "100" where number == 1: .stream(.text(" "), .silence)
            default: .stream(.text(Self.line("ADDED", "a", 101)), .silence)
            }
        } _: { url, server in
            let words = await Self.words(Self.reflector(url, idleTimeout: .seconds(1)), count: 2)
            #expect(words == ["synced", "added a"])
            #expect(Self.watches(server).map { $0.query["resourceVersion"] } == ["100", "100"])
        }
    }

    @Test func cancellationEndsEveryWait() async throws {
        let stages: [(String, @Sendable (Asked) -> Answer)] = [
            ("list", { _ in .stream(.silence) }),
            ("watch", { $0.query["watch"] == nil ? Self.empty : .stream(.text(" "), .silence) }),
            ("opening", { $0.query["watch"] == nil ? Self.empty : .stream(.wait(.seconds(600))) }),
            ("back-off", { $0.query["watch"] == nil ? Self.empty : .json("", status: 500) }),
        ]
        for (name, script) in stages {
            try await ScriptedServer.run { asked, _ in
                script(asked)
            } _: { url, server in
                var reflector = Self.reflector(url)
                if name == "back-off" {
                    reflector.options.backoff = .init(initial: .seconds(600), maximum: .seconds(600))
                }
                let patient = reflector
                let task = Task { for await _ in patient {} }
                let expected = name == "list" ? 1 : 2
                try await eventually("requests of \(name)") { server.requests.count >= expected }
                task.cancel()
                let start = ContinuousClock.now
                await task.value
                #expect(ContinuousClock.now - start < .seconds(20), "\(name)")
            }
        }
    }

    @Test func troubleIsToldAndItsEnd() async throws {
        let told = Told()
        try await ScriptedServer.run { _, number in
            number == 0
                ? .json(#"{"kind":"Status","reason":"Forbidden","message":"no","code":403}"#, status: 403)
                : number == 1 ? Self.empty : .stream(.silence)
        } _: { url, _ in
            var reflector = Self.reflector(url)
            reflector.onTrouble = { trouble in told.add(trouble.map { "\($0.failures) \($0.error)" } ?? "over") }
            #expect(await Self.words(reflector, count: 1) == ["synced"])
            #expect(told.all.count == 2)
            #expect(
                told.all.first?.hasPrefix(#"1 could not list configmaps in namespace "facts": no (403 Forbidden)"#)
                    == true)
            #expect(told.all.last == "over")
        }
    }

    private final class Told: Sendable {
        private let texts = Mutex<[String]>([])
        var all: [String] { texts.withLock { $0 } }
        func add(_ text: String) { texts.withLock { $0.append(text) } }
    }
}
