import Shared
import Testing

@testable import ClusterSimulator

/// Random histories of writes, and a client that lists in pages, watches, is dropped and resumes: what it believes must
/// come to be what the store holds.
@Suite struct ConvergenceTests {
    @Test(.timeLimit(.minutes(3)), arguments: 1...6) func clientConverges(seed: UInt64) async throws {
        // A short history, so that some resumptions come too late and need a new list.
        try await LiveServer.with(historyLimit: 5, bookmarkInterval: .milliseconds(100)) { live in
            var random = SplitMix(seed: seed)
            let client = Mirror(live: live, seed: seed)
            let following = Task { try await client.follow() }
            defer { following.cancel() }
            for step in 0..<150 {
                try await write(live.store, &random)
                switch Int.random(in: 0..<40, using: &random) {
                case 0: await live.handler.dropWatches()
                case 1: await live.handler.dropWatches(abruptly: true)
                case 2: await live.store.compact()
                case 3: live.handler.faults.next(1, .fail(status: 500))
                case 4...8: try await Task.sleep(for: .milliseconds(5))
                default: break
                }
                if step % 50 == 49 { try await client.waitUntilEqual(to: live.store) }
            }
            try await client.waitUntilEqual(to: live.store)
            let isEqual = await client.isEqual(to: live.store)
            #expect(isEqual, "seed \(seed)")
            #expect(await client.faults == [], "seed \(seed)")
        }
    }

    private func write(_ store: ObjectStore, _ random: inout SplitMix) async throws {
        let name = "c\(Int.random(in: 0..<12, using: &random))"
        let value = String(Int.random(in: 0..<1_000, using: &random))
        let exists = await store.get(.configMaps, namespace: "default", name: name) != nil
        switch (exists, Int.random(in: 0..<3, using: &random)) {
        case (false, _):
            try await store.create(
                .configMaps, namespace: "default", object: APIFixture.configMap(name, ["v": value]))
        case (true, 0): try await store.delete(.configMaps, namespace: "default", name: name)
        default:
            try await store.mutate(.configMaps, namespace: "default", name: name) {
                $0.set("data", "v", to: .string(value))
            }
        }
    }

    /// A client as a coordinator is one.
    private actor Mirror {
        private let live: LiveServer
        private var random: SplitMix
        private var objects: [String: JSONValue] = [:]
        private var version: String?
        /// Events that can't be right: an object added twice, a version that goes back.
        private(set) var faults: [String] = []
        private static let path = "/api/v1/namespaces/default/configmaps"

        init(live: LiveServer, seed: UInt64) {
            self.live = live
            random = SplitMix(seed: seed &+ 99)
        }

        func follow() async throws {
            while !Task.isCancelled {
                do {
                    if version == nil { try await list() }
                    try await watch()
                } catch is HTTPError {
                    continue  // dropped: resume where we were
                }
            }
        }

        func isEqual(to store: ObjectStore) async -> Bool {
            let items = await store.list(.configMaps, namespace: "default").items
            return objects == Dictionary(uniqueKeysWithValues: items.map { ($0.name, $0) })
        }

        func waitUntilEqual(to store: ObjectStore) async throws {
            while !(await isEqual(to: store)) { try await Task.sleep(for: .milliseconds(10)) }
        }

        private func list() async throws {
            var found: [String: JSONValue] = [:]
            var token: String?
            repeat {
                let next = token.map { "&continue=\($0)" } ?? ""
                let page = try await live.send(
                    "GET", Mirror.path + "?limit=\(Int.random(in: 1...5, using: &random))\(next)")
                guard page.status == 200 else { return }  // failed or expired: begin anew, believing what we believed
                for item in page.json["items"]?.arrayValue ?? [] {
                    var item = item
                    item["kind"] = "ConfigMap"
                    item["apiVersion"] = "v1"
                    if found.updateValue(item, forKey: item.name) != nil { faults.append("\(item.name) listed twice") }
                }
                token = page.json.at("metadata", "continue")?.stringValue
                if token == nil {
                    version = page.json.at("metadata", "resourceVersion")?.stringValue
                }
            } while token != nil
            objects = found
        }

        private func watch() async throws {
            guard let version else { return }
            let stream = try await live.watch(
                Mirror.path + "?watch=1&allowWatchBookmarks=true&resourceVersion=\(version)&timeoutSeconds=1")
            guard stream.status == 200 else { return }
            for try await line in stream.body.lines {
                take(try Fact.parse(String(decoding: line, as: UTF8.self)))
            }
        }

        private func take(_ event: JSONValue) {
            let object = event["object"] ?? .null
            guard event["type"] != "ERROR" else {
                if object["code"] != 410 { faults.append("unexpected error \(object)") }
                version = nil
                return
            }
            let next = object.at("metadata", "resourceVersion")?.stringValue
            if let next = next.flatMap(Int.init), let now = version.flatMap(Int.init), next < now {
                faults.append("version went back from \(now) to \(next)")
            }
            version = next
            switch event["type"] {
            case "ADDED":
                if objects.updateValue(object, forKey: object.name) != nil {
                    faults.append("\(object.name) added twice")
                }
            case "MODIFIED":
                if objects.updateValue(object, forKey: object.name) == nil {
                    faults.append("\(object.name) was absent")
                }
            case "DELETED":
                if objects.removeValue(forKey: object.name) == nil { faults.append("\(object.name) deleted twice") }
            default: break
            }
        }
    }
}

/// A small seeded generator (SplitMix64), so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
