import Cluster
import FoundationEssentials
import ImageSets
import Planning
import Shared
import SwiftProtobuf
import Testing

@testable import ConfigurationParsing
@testable import Control
@testable import ControlFixtures
@testable import Formatting
@testable import HTTPListener
@testable import History
@testable import HistoryFixtures
@testable import Reporting
@testable import Server
@testable import ServerFixtures
@testable import TestBasics

@Suite("Reports over HTTP") struct ReportRouteTests {
    /// One node with one image, one that is missing there and a failed attempt for it, all of it in history.
    private static func live(_ body: @escaping @Sendable (LiveCoordinator, HistoryStore) async throws -> Void)
        async throws
    {
        let store = memoryStore()
        await store.startRun(at: Timestamp.wallClock.milliseconds)
        try await LiveCoordinator.run(history: StoredHistory(store: store)) { coordinator in
            let configuration = try Stage.configuration(["web=nginx", "no=absent"])
            await store.record(
                revision: RevisionRecord(
                    imageSet: "k8s-image-puller/k8s-image-puller", number: 3, at: Timestamp.wallClock.milliseconds,
                    data: [:], findings: RevisionNotes(findings: [], configuration: configuration).text))
            try await coordinator.start(images: ["web=nginx", "no=absent"])
            await coordinator.stage.loop.replan()
            try await coordinator.stage.send("n1", 1) { $0.full.images = [.listed("nginx")] }
            await coordinator.stage.loop.replan()
            let order = try #require(await coordinator.stage.loop.snapshot()?.fleet.orders(of: "n1").first)
            try await coordinator.stage.send("n1", 2) {
                var attempt = WireAttempt.of(order.id, .failed, "manifest unknown")
                attempt.reference = "absent"
                $0.attempts = [attempt]
            }
            #expect(await soon { await coordinator.stage.loop.isHistoryWritten })
            try await body(coordinator, store)
        }
    }

    private static func decode<Value: Decodable>(_ response: Shared.HTTPResponse) throws -> Value {
        #expect(response.status == 200)
        #expect(response.headers["Content-Type"] == "application/json")
        return try JSONDecoder().decode(Value.self, from: Data(response.body))
    }

    private static func get(
        _ coordinator: LiveCoordinator, _ path: String, _ headers: HTTPHeaders = [:]
    ) async throws -> Shared.HTTPResponse {
        try await HTTPClient().send(Shared.HTTPRequest("GET", coordinator.local + path, headers: headers))
    }

    @Test("A past moment is what was so; a moment to come, or none, is refused")
    func past() async throws {
        try await Self.live { coordinator, _ in
            let live: CoverageReport = try Self.decode(try await Self.get(coordinator, "/api/v1/coverage"))
            let at = live.at.replacing(":", with: "%3A")
            let past: CoverageReport = try Self.decode(try await Self.get(coordinator, "/api/v1/coverage?at=\(at)"))
            #expect(past.rows.map(\.counts) == live.rows.map(\.counts))
            #expect(past.rows.map(\.counts.present) == [1, 0] && past.rows.map(\.counts.failed) == [0, 1])
            #expect(past.past == .init(watched: true, complete: true) && past.revision == 3)
            let future = try await Self.get(coordinator, "/api/v1/coverage?at=2999-01-01T00%3A00%3A00Z")
            try expectProblem(future, 400, "future")
            let words = try JSONDecoder().decode(ProblemDocument.self, from: Data(future.body)).detail
            #expect(words.hasPrefix("at is 2999-01-01T00:00:00") && words.contains("clock says 2"), "\(words)")
            let before: CoverageReport = try Self.decode(
                try await Self.get(coordinator, "/api/v1/coverage?at=1h%20ago"))
            #expect(before.past?.watched == false && before.total.cells == 0)
            let text = before.table
            #expect(text.first == "coverage -: nothing is known of that moment")
            #expect(
                text.contains { $0.hasPrefix("history begins at 2") } && !text.contains { $0.contains("RETENTION") })
            for wrong in ["at=yesterday", "at=", "limit=0", "limit=x", "estimate=maybe"] {
                let response = try await Self.get(coordinator, "/api/v1/coverage?\(wrong)")
                try expectProblem(response, 400, "parameter-invalid")
            }
        }
    }

    @Test("A series by a label with a value a node has as few points as one by node")
    func longSeries() async throws {
        try await LiveCoordinator.run(history: StoredHistory(store: memoryStore())) { coordinator in
            try await coordinator.start(nodes: (1...1000).map { "n\($0)" })
            for (grouping, points) in [("zone", 901...1000), ("node", 401...500), ("label%3Apool", 401...500)] {
                let series: CoverageSeries = try Self.decode(
                    try await Self.get(coordinator, "/api/v1/coverage/series?by=\(grouping)&since=30d&step=1s"))
                #expect(points.contains(series.points.count), "by \(grouping): \(series.points.count)")
            }
        }
    }

    @Test("A series has a point a step; it is wider where there would be too many")
    func series() async throws {
        try await Self.live { coordinator, _ in
            let series: CoverageSeries = try Self.decode(
                try await Self.get(coordinator, "/api/v1/coverage/series?by=zone&since=2h&step=30m"))
            #expect(series.points.count == 5 && series.stepSeconds == 1800)
            #expect(series.points.last?.total.present == 1 && series.points.first?.watched == false)
            let wide: CoverageSeries = try Self.decode(
                try await Self.get(coordinator, "/api/v1/coverage/series?since=30d&step=1s"))
            #expect(wide.points.count <= 1000 && wide.points.count > 900)
            // Asked again a little later, it's the same while nothing happens.
            let path = "/api/v1/coverage/series?since=50m&step=10m"
            let first = try await Self.get(coordinator, path)
            var later = first
            while later.body == first.body { later = try await Self.get(coordinator, path) }
            #expect(first.headers["ETag"] != nil && later.headers["ETag"] == first.headers["ETag"])
            let backwards = try await Self.get(coordinator, "/api/v1/coverage/series?since=1h&until=2h")
            try expectProblem(backwards, 400, "range-backwards")
            for wrong in ["step=0s", "step=often", "until=soon"] {
                let response = try await Self.get(coordinator, "/api/v1/coverage/series?\(wrong)")
                try expectProblem(response, 400, "parameter-invalid")
            }
        }
    }

    @Test("A node's and an image's page; strangers are told so")
    func subjects() async throws {
        try await Self.live { coordinator, _ in
            let node: NodeReport = try Self.decode(try await Self.get(coordinator, "/api/v1/nodes/n1"))
            #expect(node.causes.map(\.kind) == [.noPod, .imageFailing])
            #expect(node.images.map(\.state) == ["present", "failed"])
            #expect(node.images[1].since != nil)
            let image: ImageReport = try Self.decode(try await Self.get(coordinator, "/api/v1/images/no"))
            #expect(image.nodes == ["failed": ["n1"]])
            #expect(image.failedAttempts.map(\.reason) == ["notFound"])
            #expect(image.firstSeen == nil && image.lastSeen == nil && image.lastChange != nil, "no node ever had it")
            let other: ImageReport = try Self.decode(
                try await Self.get(coordinator, "/api/v1/images/docker.io%2Flibrary%2Fabsent%3Alatest"))
            #expect(other.name == "no", "a reference names it too, as it's written anywhere")
            try expectProblem(try await Self.get(coordinator, "/api/v1/nodes/nobody"), 404, "unknown-node")
            try expectProblem(try await Self.get(coordinator, "/api/v1/images/nothing"), 404, "unknown-image")
        }
    }

    @Test("Lists have pages that don't overlap, and filters")
    func lists() async throws {
        try await Self.live { coordinator, store in
            for round in 0..<10 as Range<Int64> {
                await store.record(transitions: [
                    transition("n1", "other", round % 2 == 0 ? .held : .missing, at: 1_700_000_000_000 + round)
                ])
            }
            var seen: [Int64] = []
            var cursor = ""
            while true {
                let page: TransitionList = try Self.decode(
                    try await Self.get(coordinator, "/api/v1/history?image=other&limit=3\(cursor)"))
                seen += page.items.map(\.id)
                guard let next = page.nextCursor else { break }
                cursor = "&cursor=\(next)"
            }
            #expect(seen.count == 10 && seen == seen.sorted(by: >))
            let held: TransitionList = try Self.decode(
                try await Self.get(coordinator, "/api/v1/history?image=other&state=held"))
            #expect(held.items.map(\.to) == Array(repeating: "held", count: 5))
            // An entry's name stands for its reference.
            let failed: AttemptList = try Self.decode(
                try await Self.get(coordinator, "/api/v1/attempts?failed=true&image=no"))
            #expect(failed.items.map(\.reason) == ["notFound"] && failed.items[0].message == "manifest unknown")
            // So does one of a former list; what nobody has heard of is told so, rather than that nothing happened.
            let former = try Stage.configuration(["old=other"])
            await store.record(
                revision: RevisionRecord(
                    imageSet: "k8s-image-puller/k8s-image-puller", number: 2, at: 1_700_000_000_000, data: [:],
                    findings: RevisionNotes(findings: [], configuration: former).text))
            let old: TransitionList = try Self.decode(
                try await Self.get(coordinator, "/api/v1/history?image=old&node=n1"))
            #expect(old.items.count == 10)
            for list in ["history", "attempts"] {
                let image = try await Self.get(coordinator, "/api/v1/\(list)?image=odl")
                try expectProblem(image, 404, "unknown-image")
                let node = try await Self.get(coordinator, "/api/v1/\(list)?node=n2222")
                try expectProblem(node, 404, "unknown-node")
            }
            let wrong = [
                ("cursor", "abc", "abc"), ("state", "held,gone", "gone"), ("since", "tomorrow", "tomorrow"),
                ("limit", "10001", "10001"),
            ]
            for (name, value, quoted) in wrong {
                let response = try await Self.get(coordinator, "/api/v1/history?\(name)=\(value)")
                try expectProblem(response, 400, "parameter-invalid")
                let problem = try JSONDecoder().decode(ProblemDocument.self, from: Data(response.body))
                #expect(problem.detail.hasSuffix(", not \"\(quoted)\".") || name == "limit", "\(problem.detail)")
                #expect(problem.detail.contains("\"\(quoted)\""))
            }
        }
    }

    @Test("CSV where it's wanted more, 406 where nothing fits, 304 where nothing changed")
    func forms() async throws {
        try await Self.live { coordinator, _ in
            let csv = try await Self.get(
                coordinator, "/api/v1/coverage", ["Accept": "text/csv, application/json;q=0.5"])
            #expect(csv.headers["Content-Type"]?.hasPrefix("text/csv") == true)
            #expect(String(decoding: csv.body, as: UTF8.self).hasPrefix("image,reference,cells,"))
            let json = try await Self.get(coordinator, "/api/v1/coverage", ["Accept": "*/*"])
            #expect(json.headers["Content-Type"] == "application/json")
            try expectProblem(
                try await Self.get(coordinator, "/api/v1/coverage", ["Accept": "image/png"]), 406, "not-acceptable")
            try expectProblem(
                try await Self.get(coordinator, "/api/v1/configuration", ["Accept": "text/csv"]), 406, "not-acceptable")
            let tag = try #require(json.headers["ETag"])
            #expect(tag != csv.headers["ETag"])
            let same = try await Self.get(coordinator, "/api/v1/coverage", ["If-None-Match": "\"x\", \(tag)"])
            #expect(same.status == 304 && same.body.isEmpty)
            try await coordinator.stage.send("n1", 3) { $0.full.images = [] }
            let changed = try await Self.get(coordinator, "/api/v1/coverage", ["If-None-Match": tag])
            #expect(changed.status == 200 && changed.headers["ETag"] != tag)
        }
    }

    @Test("Other methods are told which there are")
    func methods() async throws {
        try await Self.live { coordinator, _ in
            for (method, path, allowed) in [
                ("DELETE", "coverage", "GET"), ("GET", "plan", "POST"), ("PUT", "nodes/n1", "GET"),
            ] {
                let response = try await HTTPClient().send(
                    Shared.HTTPRequest(method, coordinator.local + "/api/v1/" + path))
                try expectProblem(response, 405, "method-not-allowed")
                #expect(response.headers["Allow"] == allowed)
            }
        }
    }

    @Test("A plan says what an edit would pull, and changes nothing")
    func plan() async throws {
        try await Self.live { coordinator, _ in
            func ask(_ body: String, type: String = "application/json") async throws -> Shared.HTTPResponse {
                try await HTTPClient().send(
                    Shared.HTTPRequest(
                        "POST", coordinator.local + "/api/v1/plan", headers: ["Content-Type": type],
                        body: Array(body.utf8)))
            }
            let plan: PlanReport = try Self.decode(
                try await ask(
                    """
                    {"data": {"IMAGES": "web=nginx;new=redis"},
                     "resolved": [{"reference": "redis", "sizes": {"any": 1000000}}]}
                    """))
            #expect(plan.accepted && plan.released == ["no"])
            #expect(plan.images.map(\.name) == ["web", "new"])
            #expect(plan.images.map(\.pulls) == [0, 1] && plan.images.map(\.present) == [1, 0])
            #expect(plan.bytes == 1_000_000 && plan.images[1].sizeSource == "registry")
            #expect(plan.registries.map(\.registry) == ["docker.io"])
            let rejected: PlanReport = try Self.decode(try await ask(#"{"data": {"IMAGES": "a=x,b=y"}}"#))
            #expect(!rejected.accepted && !rejected.findings.isEmpty && rejected.released.isEmpty)
            // What the API server wouldn't take of a DaemonSet is rejected here, too.
            let list = (1...4000).map { "a\($0)=registry.example.com/a:\($0)" }.joined(separator: ";")
            let large: PlanReport = try Self.decode(try await ask(#"{"data": {"IMAGES": "\#(list)"}}"#))
            #expect(!large.accepted && large.findings.contains { $0.message.contains("the pod template would have") })
            let many = Array(repeating: #"{"imageSet": "ci", "data": {}}"#, count: 101).joined(separator: ",")
            try expectProblem(try await ask(#"{"data": {}, "sets": [\#(many)]}"#), 400, "plan-too-many-sets")
            // A prefetch takes nothing away.
            let prefetch: PlanReport = try Self.decode(
                try await ask(
                    """
                    {"data": {}, "images": ["redis", "nginx"], "resolved": [{"reference": "redis", "sizes": {"any": 9}}]}
                    """))
            #expect(prefetch.accepted && prefetch.released.isEmpty && prefetch.bytes == 9)
            #expect(prefetch.images.map(\.name) == ["redis", "nginx"] && prefetch.images.map(\.pulls) == [1, 0])
            for images in [#"[]"#, #"["bad reference"]"#, #"["https://registry.example.com/a:1"]"#] {
                try expectProblem(try await ask(#"{"data": {}, "images": \#(images)}"#), 400, "prefetch-unreadable")
            }
            // Further sets together with the main one: a ConfigMap's, and an object's, which names its set.
            let several: PlanReport = try Self.decode(
                try await ask(
                    """
                    {"data": {}, "sets": [{"imageSet": "ci", "data": {"IMAGES": "a=redis"}},
                     {"object": {"name": "gpu", "spec": {"images": "a=redis;b=busybox"}}},
                     {"object": {"namespace": "che", "name": "one", "spec": {"images": "c=alpine", "nodeSelector": "{"}}},
                     {"object": {"name": "two", "spec": {"daemonsetName": "kubernetes-image-puller-gpu", "images": "d=e"}}},
                     {"imageSet": "gpu", "data": {"IMAGES": "a=redis"}}]}
                    """))
            let sets = try #require(several.sets)
            #expect(sets.map(\.imageSet) == ["ci", "gpu", "che.one", "two", "gpu"])
            #expect(sets.map(\.accepted) == [true, true, false, false, false])
            #expect(sets[2].findings.map(\.key) == ["spec.nodeSelector"])
            #expect(sets[3].findings.first?.key == "spec.daemonsetName", "another document's DaemonSet")
            #expect(sets[4].findings.first?.key == "metadata.labels", "another document's set")
            for set in [#"{}"#, #"{"imageSet": "a"}"#, #"{"imageSet": "a", "data": {}, "object": {"name": "b"}}"#] {
                try expectProblem(try await ask(#"{"data": {}, "sets": [\#(set)]}"#), 400, "plan-unreadable")
            }
            try expectProblem(try await ask("{"), 400, "plan-unreadable")
            try expectProblem(try await ask("{}", type: "text/plain"), 415, "not-json")
            #expect(await coordinator.stage.loop.configuration?.images.map(\.name) == ["web", "no"])
        }
    }

    @Test("Events come as they are committed, and go on after the last one that was received")
    func events() async throws {
        try await Self.live { coordinator, store in
            func lines(after id: String?, until last: String) async throws -> [String] {
                var request = Shared.HTTPRequest("GET", coordinator.local + "/api/v1/events")
                if let id { request.headers["Last-Event-ID"] = id }
                let stream = try await HTTPClient().stream(request)
                #expect(stream.headers["Content-Type"] == "text/event-stream")
                var lines: [String] = []
                for try await line in stream.body.lines {
                    lines.append(String(decoding: line, as: UTF8.self))
                    if lines.last == ": connected" {
                        await store.record(transitions: [transition("n1", "late", .held, at: 1)])
                    }
                    if lines.last?.contains(last) == true { break }
                }
                return lines
            }
            let new = try await lines(after: nil, until: #""to":"held""#)
            #expect(new.contains("event: transition") && !new.contains { $0.contains("absent") })
            let all = try await lines(after: "0-0", until: "late")
            #expect(all.contains("event: revision"))
            let ids = all.filter { $0.hasPrefix("id: ") }
            #expect(ids.count == Set(ids).count && ids.count >= 4)
            // Ids of another database, as after a backup was restored: the listener is told, and hears what comes.
            let other = try await lines(after: "999999-0", until: "event: reset")
            #expect(other.contains("event: reset"))
            // An id older than what is kept: the same, for what it missed can't be told any more.
            try await store.prune(before: Timestamp.wallClock.milliseconds + 1)
            let old = try await lines(after: "0-0", until: "event: ")
            #expect(old.last == "event: reset", "and nothing before it")
            let bad = try await Self.get(coordinator, "/api/v1/events", ["Last-Event-ID": "x"])
            try expectProblem(bad, 400, "last-event-id-invalid")
        }
    }

    @Test(
        "A stream ends by itself, so that a reader whose right was withdrawn doesn't read on", .timeLimit(.minutes(2)))
    func eventsEnd() async throws {
        let store = memoryStore()
        await store.startRun(at: Timestamp.wallClock.milliseconds)
        try await LiveCoordinator.run(
            history: StoredHistory(store: store), streamLifetime: .milliseconds(1)
        ) { coordinator in
            var request = Shared.HTTPRequest("GET", coordinator.agents + "/api/v1/events")
            request.headers["Authorization"] = "Bearer reader"
            let stream = try await coordinator.client.stream(request)
            var lines: [String] = []
            for try await line in stream.body.lines { lines.append(String(decoding: line, as: UTF8.self)) }
            #expect(lines.first == "retry: 2000", "its client is told to come back")
            request.headers["Authorization"] = "Bearer nobody"
            #expect(try await coordinator.client.send(request).status == 403)
        }
    }

    @Test("/openapi.yaml is served, and describes exactly the routes that there are")
    func document() async throws {
        try await LiveCoordinator.run { coordinator in
            let request = Shared.HTTPRequest("GET", coordinator.local + "/openapi.yaml")
            let answer = try await HTTPClient().send(request)
            #expect(answer.status == 200 && answer.headers["Content-Type"] == "application/yaml")
            let text = String(decoding: answer.body, as: UTF8.self)
            #expect(text.hasPrefix("openapi: 3.1.0\n"))
            var described: Set<String> = []
            var path = ""
            for line in text.split(separator: "\n").drop(while: { $0 != "paths:" }).dropFirst() {
                if !line.hasPrefix(" ") { break }
                if line.hasPrefix("  /") { path = String(line.dropFirst(2).dropLast()) }
                let word = line.dropFirst(4).dropLast()
                if line.hasPrefix("    "), ["get", "post", "put", "patch", "delete"].contains(word) {
                    described.insert("\(word.uppercased()) \(path)")
                }
            }
            let routes = QueryRoutes(loop: Stage().loop, configurationStatus: { ConfigurationStatus() }).routes
                .map(\.name)
            #expect(described == Set(routes + ["GET /healthz", "GET /readyz"]))
        }
    }
}
