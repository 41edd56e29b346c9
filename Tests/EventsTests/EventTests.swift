import FoundationEssentials
import Shared
import Testing

@testable import Events
@testable import KubernetesClient
@testable import KubernetesFixtures
@testable import TestBasics

@Suite(.timeLimit(.minutes(2))) struct EventTests {
    private static let about = ObjectReference(apiVersion: "v1", kind: "ConfigMap", namespace: "n", name: "c", uid: "u")
    private static let news = EventNews(about: about, kind: .warning, reason: "BadEntry", message: "m")

    private static func numbered(_ number: Int) -> EventNews {
        var news = news
        news.message = "\(number)"
        return news
    }

    @Test func repetitionsCountUp() {
        var aggregator = EventAggregator()
        #expect(aggregator.observe(Self.news, now: 0) == .create)
        aggregator.created(Self.news, name: "c.1", namespace: "n")
        #expect(aggregator.observe(Self.news, now: 1) == .update(name: "c.1", namespace: "n", count: 2))
        #expect(aggregator.observe(Self.numbered(1), now: 1) == .create)
        #expect(aggregator.observe(Self.news, now: 4000) == .create)  // the API server has forgotten it
        #expect(aggregator.count(Self.news) == 1)
    }

    @Test func theRateIsBoundedAndCountsSurvive() {
        var aggregator = EventAggregator()
        #expect(aggregator.observe(Self.news, now: 0) == .create)
        aggregator.created(Self.news, name: "c.1", namespace: "n")
        var written = 0
        for number in 0..<500 where aggregator.observe(Self.numbered(number), now: 1) != .drop { written += 1 }
        #expect(written == 50)
        for _ in 0..<7 { #expect(aggregator.observe(Self.news, now: 1) == .drop) }
        #expect(aggregator.observe(Self.news, now: 3) == .update(name: "c.1", namespace: "n", count: 9))
    }

    @Test func memoryIsBounded() {
        var aggregator = EventAggregator(burst: 10_000, capacity: 100)
        aggregator.created(Self.news, name: "x", namespace: "n")
        for number in 0..<1000 {
            _ = aggregator.observe(Self.numbered(number), now: Double(number))
            aggregator.created(Self.numbered(number), name: "\(number)", namespace: "n")
        }
        #expect(aggregator.observe(Self.numbered(0), now: 1001) == .create)
        #expect(
            aggregator.observe(Self.numbered(999), now: 1001) == .update(name: "999", namespace: "n", count: 2))
    }

    @Test func eventsAreWrittenAndTroubleStopsNothing() async throws {
        try await ScriptedServer.run { asked, number in
            switch number {
            case 0: .json("", status: 403)
            case 2: .json(#"{"kind":"Status","reason":"NotFound","code":404}"#, status: 404)
            default: .json(asked.body, status: 201)
            }
        } _: { url, server in
            let recorder = EventRecorder(client: .patient(url), logger: .quiet)
            let running = Task { await recorder.run() }
            defer { running.cancel() }
            for _ in 0..<3 {
                let count = server.requests.count
                recorder.record(.warning, about: Self.about, reason: "BadEntry", message: "entry 3: no '='")
                try await eventually("another request") { server.requests.count > count }
                try await Task.sleep(for: .milliseconds(50))
            }
            try await eventually("the Event is made anew") { server.requests.count == 4 }
            let requests = server.requests
            #expect(requests.map(\.method) == ["POST", "POST", "PATCH", "POST"])
            let event = try JSONDecoder().decode(JSONValue.self, from: Data(requests[1].body.utf8))
            #expect(event["apiVersion"]?.stringValue == "events.k8s.io/v1")
            #expect(event["regarding"]?["name"]?.stringValue == "c" && event["regarding"]?["uid"]?.stringValue == "u")
            #expect(event["metadata"]?["namespace"]?.stringValue == "n")
            let name = try #require(event["metadata"]?["name"]?.stringValue)
            #expect(name.hasPrefix("c."))
            #expect(event["type"]?.stringValue == "Warning")
            #expect(event["reason"]?.stringValue == "BadEntry")
            #expect(event["note"]?.stringValue == "entry 3: no '='")
            #expect(event["series"]?["count"]?.integerValue == 2)
            #expect(event["reportingController"]?.stringValue == "image-puller")
            #expect(event["eventTime"]?.stringValue?.count == "2026-01-02T03:04:05.000006Z".count)
            for key in ["reportingInstance", "action"] { #expect(event[key]?.stringValue?.isEmpty == false) }
            #expect(requests[2].path == "/apis/events.k8s.io/v1/namespaces/n/events/\(name)")
            let patch = try JSONDecoder().decode(JSONValue.self, from: Data(requests[2].body.utf8))
            #expect(patch.objectValue?.keys.sorted() == ["series"])
        }
    }

    @Test func longMessagesAreCut() {
        let long = String(repeating: "é", count: 1000)
        let short = EventRecorder.shortened(long)
        #expect(short.utf8.count <= 1024 && short.utf8.count > 1000)
        #expect(short.hasSuffix("é…"))
        #expect(EventRecorder.shortened("short") == "short")
    }
}
