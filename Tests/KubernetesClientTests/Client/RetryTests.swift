import Shared
import Testing

@testable import KubernetesClient
@testable import KubernetesFixtures
@testable import TestBasics

@Suite struct RetryTests {
    private static let node = #"{"kind":"Node","metadata":{"name":"n1","resourceVersion":"1"}}"#
    private static let busy =
        #"{"kind":"Status","status":"Failure","reason":"TooManyRequests","message":"busy","code":429}"#

    @Test func aBusyServerIsLeftAloneAsLongAsItAsks() async throws {
        let pauses = Pauses()
        try await ScriptedServer.run { _, number in
            number < 2 ? .json(Self.busy, status: 429, headers: ["Retry-After": "7"]) : .json(Self.node)
        } _: { url, server in
            let node: Node = try await KubernetesClient.patient(url, pauses: pauses).get(Node.self, "n1")
            #expect(node.metadata.name == "n1")
            #expect(server.requests.count == 3)
            #expect(pauses.all.count == 2)
            #expect(pauses.all.allSatisfy { $0 >= .seconds(7) && $0 <= .seconds(8) })
        }
    }

    @Test func theBodyMayAskForThePauseToo() async throws {
        let pauses = Pauses()
        let tooLarge = try Facts.text("status.504.TooLargeRV.json")
        try await ScriptedServer.run { _, number in
            number < 1 ? .json(tooLarge, status: 504) : .json(Self.node)
        } _: {
            url, _ in
            _ = try await KubernetesClient.patient(url, pauses: pauses).get(Node.self, "n1")
            #expect(pauses.all.count == 1)
            #expect(pauses.all.allSatisfy { $0 >= .seconds(1) })
        }
    }

    @Test func readsAreRepeatedAndGivenUp() async throws {
        try await ScriptedServer.run { _, _ in
            .json("", status: 503)
        } _: { url, server in
            let error = try await failure(KubernetesError.self) {
                _ = try await KubernetesClient.patient(url).get(Node.self, "n1")
            }
            #expect(server.requests.count == RequestRetry().maximumAttempts)
            #expect(error.status == 503)
            #expect(error.reason == "ServiceUnavailable")
            #expect(error.description.contains(#"could not get nodes "n1""#))
        }
    }

    /// A creation that failed with 500 or broke off may have been done.
    @Test func creationIsRepeatedOnlyWhenNothingCanHaveHappened() async throws {
        let outcomes: [(Answer, Int)] = [
            (.json("", status: 500), 1), (.json("", status: 503), 1), (.stream(.drop), 1),
            (.json(Self.busy, status: 429), RequestRetry().maximumAttempts),
        ]
        for (answer, expected) in outcomes {
            try await ScriptedServer.run { _, _ in
                answer
            } _: { url, server in
                _ = try await failure(KubernetesError.self) {
                    let document: JSONValue = ["metadata": ["name": "x"]]
                    try await KubernetesClient.patient(url).create(document, .configMaps, namespace: "n")
                }
                #expect(server.requests.count == expected)
            }
        }
    }

    @Test func errorsOfTheCallerAreNotRepeated() async throws {
        for (name, status) in [
            ("status.400.BadRequest.json", 400), ("status.403.anonymous.json", 403), ("status.404.json", 404),
            ("status.409.Conflict.json", 409), ("status.422.Invalid.json", 422),
        ] {
            let body = try Facts.text(name)
            try await ScriptedServer.run { _, _ in
                .json(body, status: status)
            } _: { url, server in
                let error = try await failure(KubernetesError.self) {
                    try await KubernetesClient.patient(url).apply([:], .daemonSets, name: "d", namespace: "n")
                }
                #expect(error.status == status)
                #expect(server.requests.count == 1)
            }
        }
    }

    @Test func nobodyThere() async throws {
        let error = try await failure(KubernetesError.self) {
            _ = try await KubernetesClient.patient("http://127.0.0.1:1").get(Node.self, "n1")
        }
        #expect(error.status == nil)
        #expect(error.underlying?.code == .connect)
        #expect(error.description.contains("Check that the API server is up"))
    }

    @Test func pausesGrowUpToACapAndAreSpread() {
        let retry = RequestRetry()
        let error = KubernetesError(operation: "get x", status: 500, reason: "InternalError", message: "")
        let longest = (1...5).map { retry.pause(after: error, attempt: $0, safety: .idempotent) { $0.upperBound } }
        #expect(
            longest
                == [.milliseconds(250), .milliseconds(500), .seconds(1), .seconds(2), .seconds(4)].map(Optional.some))
        #expect(retry.pause(after: error, attempt: 3, safety: .idempotent) { $0.lowerBound } == .zero)
        #expect(retry.pause(after: error, attempt: 6, safety: .idempotent) { $0.upperBound } == nil)
        var many = retry
        many.maximumAttempts = 100
        #expect(many.pause(after: error, attempt: 90, safety: .idempotent) { $0.upperBound } == .seconds(10))
    }

    @Test func aServerThatWantsAnHourIsLeftToTheCaller() {
        let error = KubernetesError(
            operation: "get x", status: 429, reason: "TooManyRequests", message: "", retryAfter: .seconds(3600))
        #expect(RequestRetry().pause(after: error, attempt: 1, safety: .idempotent) { $0.upperBound } == nil)
    }

    @Test func requestsThatNeverLeftAreRepeatedWhateverTheyDo() {
        func pause(_ code: HTTPError.Code, _ stage: HTTPError.Stage, _ safety: RequestRetry.Safety) -> Bool {
            let transport = HTTPError(code: code, message: "", stage: stage)
            let error = KubernetesError(operation: "create x", transport: transport)
            return RequestRetry().pause(after: error, attempt: 1, safety: safety) { $0.upperBound } != nil
        }
        #expect(pause(.connect, .connecting, .once))
        #expect(pause(.timeout, .connecting, .once))
        #expect(!pause(.timeout, .waiting, .once))
        #expect(!pause(.reset, .waiting, .once))
        #expect(pause(.reset, .waiting, .idempotent))
        #expect(!pause(.tls, .connecting, .idempotent))
        #expect(!pause(.bodyTooLarge, .body, .idempotent))
        #expect(!pause(.invalidURL, .connecting, .idempotent))
    }
}
