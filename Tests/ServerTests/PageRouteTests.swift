import Cluster
import FoundationEssentials
import Planning
import Shared
import Testing

@testable import Control
@testable import Formatting
@testable import History
@testable import HistoryFixtures
@testable import Reporting
@testable import Server
@testable import ServerFixtures

@Suite("Pages over HTTP") struct PageRouteTests {
    /// The next page's address, as the header tells it.
    private static func next(_ response: Shared.HTTPResponse) -> String? {
        guard let link = response.headers["Link"] else { return nil }
        #expect(link.hasPrefix("<?") && link.hasSuffix(">; rel=\"next\""), "\(link)")
        return String(link.dropFirst().prefix { $0 != ">" })
    }

    @Test("A client that reads CSV gets every page by the header Link", arguments: ["text/csv", "application/json"])
    func links(form: String) async throws {
        let store = memoryStore()
        await store.startRun(at: Timestamp.wallClock.milliseconds)
        try await LiveCoordinator.run(history: StoredHistory(store: store)) { coordinator in
            try await coordinator.start(images: (1...5).map { "image-\($0)=nginx:\($0)" }, nodes: ["n1", "n2", "n3"])
            for round in 0..<5 as Range<Int64> {
                await store.record(transitions: [
                    transition("n1", "other", round % 2 == 0 ? .held : .missing, at: 1_700_000_000_000 + round)
                ])
            }
            await store.record(attempts: (1...5).map { attempt("n1", $0, endedAt: 2000 + $0) })
            for (path, question, rows) in [
                ("/api/v1/coverage", "?limit=2", 5), ("/api/v1/coverage", "?by=node&limit=1", 3),
                ("/api/v1/history", "?image=other&limit=2", 5), ("/api/v1/attempts", "?limit=2", 5),
            ] {
                var query: String? = question
                var pages = 0
                var bodies: Set<String> = []
                while let current = query, pages < 10 {
                    let response = try await HTTPClient().send(
                        Shared.HTTPRequest("GET", coordinator.local + path + current, headers: ["Accept": form]))
                    #expect(response.status == 200)
                    let text = String(decoding: response.body, as: UTF8.self)
                    bodies.formUnion(
                        form == "text/csv" ? text.split(separator: "\r\n").dropFirst().map(String.init) : [text])
                    pages += 1
                    query = Self.next(response)
                    #expect(query.map { $0.hasPrefix(question + "&cursor=") } ?? true)
                }
                let limit = Int(question.suffix(1)) ?? 1
                #expect(pages == (rows + limit - 1) / limit, "\(path)")
                if form == "text/csv" { #expect(bodies.count == rows, "\(path): \(bodies)") }
            }
        }
    }

    @Test("What a client sends unescaped doesn't end the link")
    func escaping() {
        #expect(PageLink.next("a b", after: nil) == #"<?cursor=a%20b>; rel="next""#)
        #expect(
            PageLink.next("c", after: "by=label%3Ax&cursor=b&q=<\">")
                == #"<?by=label%3Ax&q=%3C%22%3E&cursor=c>; rel="next""#)
    }

    @Test("A cursor whose image has left the list is refused, rather than answered with no rows")
    func goneRow() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start(images: ["web=nginx", "db=redis", "app=busybox"], nodes: ["n1", "n2"])
            let gone = try await coordinator.get(coordinator.local + "/api/v1/coverage?limit=2&cursor=zzz")
            try expectProblem(gone, 400, "cursor-gone")
            // Nodes are sorted by name: what comes after one that has gone is known.
            let nodes = try await coordinator.get(coordinator.local + "/api/v1/coverage?by=node&cursor=n10")
            let report = try JSONDecoder().decode(CoverageReport.self, from: Data(nodes.body))
            #expect(report.rows.map(\.name) == ["n2"])
        }
    }
}
