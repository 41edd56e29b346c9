import Shared
import Synchronization
import Testing

@testable import KubernetesClient
@testable import KubernetesFixtures
@testable import TestBasics

@Suite struct ListTests {
    private static func page(_ names: [String], resourceVersion: String = "7", next: String? = nil) -> Answer {
        let items = names.map { #"{"metadata":{"name":"\#($0)","uid":"u-\#($0)","resourceVersion":"3"}}"# }
        let token = next.map { #","continue":"\#($0)""# } ?? ""
        return .json(
            #"{"kind":"NodeList","apiVersion":"v1","metadata":{"resourceVersion":"\#(resourceVersion)"\#(token)},"#
                + #""items":[\#(items.joined(separator: ","))]}"#)
    }

    @Test func pagesAreJoined() async throws {
        try await ScriptedServer.run { asked, _ in
            switch asked.query["continue"] {
            case nil: Self.page(["a", "b"], next: "one/two+=")
            case "one/two+=", "one%2Ftwo%2B%3D": Self.page(["c"], next: "three")
            default: Self.page(["d"])
            }
        } _: { url, server in
            let list = try await KubernetesClient.patient(url).list(
                Node.self, Selection(labelSelector: "a=b,c in (d, e)"), pageSize: 2)
            #expect(list.items.map(\.metadata.name) == ["a", "b", "c", "d"])
            #expect(list.resourceVersion == "7")
            let requests = server.requests
            #expect(requests.count == 3)
            #expect(requests.allSatisfy { $0.path == "/api/v1/nodes" && $0.query["limit"] == "2" })
            #expect(requests.allSatisfy { $0.query["labelSelector"]?.hasPrefix("a") == true })
            #expect(requests[0].query["resourceVersion"] == nil)
        }
    }

    @Test func aCapturedPageIsRead() async throws {
        let captured = try Facts.text("list.paged.json")
        try await ScriptedServer.run { asked, _ in
            asked.query["continue"] == nil
                ? .json(captured) : .json(#"{"kind":"EventList","metadata":{"resourceVersion":"1997"},"items":null}"#)
        } _: { url, server in
            let list = try await KubernetesClient.patient(url).list(Event.self)
            #expect(list.items.count == 2)
            #expect(list.items.first?.involvedObject.kind == "Pod")
            #expect(list.resourceVersion == "1997")
            let token =
                "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MTk5Nywic3RhcnQiOiJkZWZhdWx0L2luY2x1c3Rlci4xOGVhN2E2ZmY5MTA2YTJmXHUwMDAwIn0"
            #expect(server.requests.last?.query["continue"] == token)
        }
    }

    /// The token that such an answer offers would leave objects out: it isn't used.
    @Test func anExpiredTokenStartsTheListOver() async throws {
        let expired = try Facts.body("status.410.Expired.continue.http.txt")
        try await ScriptedServer.run { asked, number in
            switch (asked.query["continue"], number) {
            case (nil, 0): Self.page(["old", "gone"], resourceVersion: "5", next: "t")
            case ("t", 1): .json(expired, status: 410)
            case (nil, _): Self.page(["old", "new"], resourceVersion: "9")
            default: .json("{}", status: 500)
            }
        } _: { url, server in
            let list = try await KubernetesClient.patient(url).list(Node.self, pageSize: 2)
            #expect(list.items.map(\.metadata.name) == ["old", "new"])
            #expect(list.resourceVersion == "9")
            #expect(server.requests.map { $0.query["limit"] } == ["2", "2", "4"])
        }
    }

    @Test func aListThatKeepsExpiringFails() async throws {
        let expired = try Facts.text("status.410.Expired.json")
        try await ScriptedServer.run { asked, _ in
            asked.query["continue"] == nil ? Self.page(["a"], next: "t") : .json(expired, status: 410)
        } _: { url, server in
            let error = try await failure(KubernetesError.self) {
                _ = try await KubernetesClient.patient(url).list(Node.self)
            }
            #expect(error.isExpired)
            #expect(server.requests.count == 2 * (ListPager.maximumRestarts + 1))
        }
    }

    /// A page that fails must fail the list: a part, or nothing, would read as "the rest is gone".
    @Test(arguments: [
        ("", 500), ("{}", 200), ("[]", 200), (#"{"metadata":{"resourceVersion":"1"}}"#, 200),
        (#"{"kind":"NodeList","metadata":{},"items":[]}"#, 200),
        (#"{"kind":"PodList","metadata":{"resourceVersion":"1"},"items":[]}"#, 200),
        (#"{"kind":"Status","status":"Failure","metadata":{},"code":500}"#, 200),
        ("<html><body>proxy error</body></html>", 200), ("<html>bad gateway</html>", 502),
    ])
    func noFailureReadsAsAnEmptyList(body: String, status: Int) async throws {
        for first in [true, false] {
            try await ScriptedServer.run { asked, _ in
                !first && asked.query["continue"] == nil
                    ? Self.page(["a"], next: "t") : .json(body, status: status)
            } _: { url, _ in
                let error = try await failure(KubernetesError.self) {
                    _ = try await KubernetesClient.patient(url).list(Node.self)
                }
                #expect(error.description.hasPrefix("could not list nodes: "))
            }
        }
    }

    @Test func aListThatBreaksOffFails() async throws {
        try await ScriptedServer.run { _, _ in
            .stream(.text(#"{"kind":"NodeList","metadata":{"resourceVersion":"7"},"items":[]"#), .drop)
        } _: { url, server in
            _ = try await failure(KubernetesError.self) {
                _ = try await KubernetesClient.patient(url).list(Node.self)
            }
            #expect(server.requests.count == RequestRetry().maximumAttempts)
        }
    }

    @Test func pagesThatAreTooLargeAreAskedForInHalves() async throws {
        try await ScriptedServer.run { asked, _ in
            let limit = asked.query["limit"].flatMap { Int($0) } ?? 0
            return limit > 15 ? .json(String(repeating: " ", count: 10_000)) : Self.page(["a"])
        } _: { url, server in
            var client = KubernetesClient.patient(url)
            client.maximumBodyBytes = 5000
            let list = try await client.list(Node.self)
            #expect(list.items.count == 1)
            #expect(server.requests.map { $0.query["limit"] } == ["50", "25", "12"])
        }
    }

    /// Pages of about as many bytes, whatever the objects are like; none with more objects than wanted.
    @Test(arguments: [(100, 500), (4_000, 500), (40_000, 104), (200_000, 20), (1_500_000, 2), (5_000_000, 1)])
    func pagesHaveAboutTheSameSize(bytes: Int, objects: Int) {
        var pager = ListPager(limit: 500)
        #expect(pager.limit == ListPager.firstLimit)
        #expect(pager.received(ListMeta(continue: "t"), objects: pager.limit, bytes: pager.limit * bytes) == .page)
        #expect(pager.limit == objects)
    }

    /// Big pods after small ones, and the other way round: nothing is left out, and no answer passes the bound.
    @Test func pagesAdaptToTheirObjects() async throws {
        let count = 300
        try await ScriptedServer.run { asked, _ in
            let first = asked.query["continue"].flatMap { Int($0) } ?? 0
            let last = min(count, first + (asked.query["limit"].flatMap { Int($0) } ?? count))
            let items = (first..<last).map { number in
                let filler = String(repeating: "x", count: number / 100 == 1 ? 100_000 : 100)
                return #"{"metadata":{"name":"n\#(number)","annotations":{"filler":"\#(filler)"}}}"#
            }
            let token = last < count ? #","continue":"\#(last)""# : ""
            return .json(
                #"{"kind":"NodeList","apiVersion":"v1","metadata":{"resourceVersion":"7"\#(token)},"#
                    + #""items":[\#(items.joined(separator: ","))]}"#)
        } _: { url, server in
            let list = try await KubernetesClient.patient(url).list(Node.self)
            #expect(list.items.map(\.metadata.name) == (0..<count).map { "n\($0)" })
            // 250 of those in the middle would have been 10 MB: such a page was refused, and asked for in halves.
            #expect(server.requests.compactMap { $0.query["limit"] }.prefix(3) == ["50", "500", "250"])
        }
    }

    @Test func aPagerNeverAsksAgainForWhatWasTooLarge() {
        let tooLarge = KubernetesError(operation: "list", reason: KubernetesError.tooLargeReason, message: "")
        let expired = KubernetesError(operation: "list", status: 410, reason: "Expired", message: "")
        var pager = ListPager(limit: 40)
        #expect(pager.failed(tooLarge) == .page)
        #expect(pager.limit == 20)
        #expect(pager.received(ListMeta(continue: "t"), objects: 20, bytes: 200) == .page)
        #expect(pager.limit == 20)
        #expect(pager.failed(expired) == .restart)
        #expect(pager.limit == 20)
        #expect(pager.continueToken == nil)
        #expect(pager.received(ListMeta(continue: ""), objects: 20, bytes: 200) == .done)
        var first = ListPager(limit: 500)
        #expect(first.failed(expired) == nil)  // nothing to start over
        var small = ListPager(limit: ListPager.minimumLimit)
        #expect(small.failed(tooLarge) == nil)
    }
}
