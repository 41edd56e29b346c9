import Cluster
import FoundationEssentials
import HTTPTypes
import Hummingbird
import ImageSets
import Logging
import Planning
import Shared
import Synchronization
import TestServer

@testable import ConfigurationParsing
@testable import Control
@testable import Dashboard
@testable import Formatting
@testable import HTTPListener
@testable import Reporting
@testable import Server

/// The dashboard over a made-up cluster, with the coordinator's own routes for the page and its own encoders.
///
/// It has no event stream, no diagnosis and no attempts, as an older coordinator: the page must do without.
final class SceneryServer: Sendable {
    private let scenery: Mutex<Scenery?>
    private let refusal = Mutex<ProblemDocument?>(nil)
    private let findings = Mutex<[ConfigurationStatus.Remark]>([])

    /// - Parameter scenery: nil before the first revision.
    init(_ scenery: Scenery?) { self.scenery = Mutex(scenery) }

    func show(_ scenery: Scenery?) { self.scenery.withLock { $0 = scenery } }

    /// From now on every question is refused with this; nil: no more.
    func refuse(_ problem: ProblemDocument?) { refusal.withLock { $0 = problem } }

    /// What is found in the ConfigMap from now on.
    func find(_ remarks: [ConfigurationStatus.Remark]) { findings.withLock { $0 = remarks } }

    /// Serves while `body` runs, which gets the page's address.
    static func run(_ scenery: Scenery?, _ body: (SceneryServer, String) async throws -> Void) async throws {
        let server = SceneryServer(scenery)
        let router = Router(context: ServerContext.self)
        router.add(middleware: ProblemMiddleware())
        DashboardRoutes().add(to: router)
        server.add(to: router)
        try await whileServing {
            Application(
                router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)), onServerRunning: $0,
                logger: Logger(label: "scenery") { _ in SwiftLogNoOpLogHandler() })
        } _: { port in
            try await body(server, "http://127.0.0.1:\(port)/")
        }
    }

    private func add(to router: Router<ServerContext>) {
        router.get("/api/v1/coverage") { request, _ in
            let (snapshot, at) = try self.moment(request)
            var report = CoverageReport(snapshot, by: .image)
            if let at {
                report.at = at.rfc3339
                report.past = CoverageReport.Past(watched: true, complete: true)
            }
            return try CellRoutes.json(report)
        }
        router.get("/api/v1/cells") { request, _ in
            let (snapshot, at) = try self.moment(request)
            var matrix = CellMatrix(snapshot)
            if at != nil { matrix.past = CoverageReport.Past(watched: true, complete: true) }
            return try CellRoutes.json(matrix)
        }
        router.get("/api/v1/configuration") { _, _ in
            var status = ConfigurationStatus(configMap: "k8s-image-puller/k8s-image-puller")
            status.revision = 7
            status.isAccepted = true
            status.findings = self.findings.withLock { $0 }
            return try CellRoutes.json(status)
        }
        router.get("/api/v1/prefetches") { request, _ in
            let (snapshot, _) = try self.moment(request)
            return try CellRoutes.json(PrefetchList(prefetches: try self.prefetches(snapshot)))
        }
        router.get("/api/v1/coverage/series") { _, _ in try CellRoutes.json(self.series()) }
    }

    /// The snapshot of the moment that is asked for: in the past, all nodes were silent.
    private func moment(_ request: Request) throws -> (Snapshot, Timestamp?) {
        if let refusal = refusal.withLock({ $0 }) { throw refusal }
        guard let scenery = scenery.withLock({ $0 }) else {
            throw ProblemDocument(
                .serviceUnavailable, "not-ready", title: "not ready", detail: "There's no revision yet.")
        }
        let at = request.uri.queryParameters.get("at").flatMap { MomentText.moment($0, now: .wallClock) }
        return (scenery.snapshot(at: at.map { _ in scenery.now + 1_000_000 }), at)
    }

    /// One that is under way, and one that nobody can read.
    private func prefetches(_ snapshot: Snapshot) throws -> [PrefetchStatus] {
        let order = try PrefetchOrder(
            references: snapshot.configuration.images.prefix(1).map(\.reference.written), selector: ["pool": "small"])
        let end = snapshot.now + 3600
        var broken = Prefetch(name: "prefetch-2", createdAt: snapshot.now, endsAt: end, order: order)
        broken.order = .failure(PrefetchFault("IMAGES: \"<b>\" is no reference", next: "write one such as nginx:1.27"))
        return [
            PrefetchStatus(
                Prefetch(name: "prefetch-1", createdAt: snapshot.now, endsAt: end, order: order),
                coverage: CoverageReport(snapshot, by: .image)),
            PrefetchStatus(broken, coverage: nil),
        ]
    }

    private func series() -> Series {
        let now = Timestamp.wallClock
        let points = (0...96).map { step in
            var counts = CoverageCounts()
            counts.cells = 100
            counts.present = 60 + step % 40
            counts.unknown = step % 7
            counts.missing = counts.cells - counts.present - counts.unknown
            return CoverageSeries.Point(
                at: (now + Double(step - 96) * 900).rfc3339, revision: 7, watched: step != 20, nodes: 5, images: 20,
                total: counts, rows: [])
        }
        return Series(grouping: "all", stepSeconds: 900, points: points)
    }
}

/// A ``CoverageSeries``, which can only be made of a history otherwise.
private struct Series: Encodable {
    var grouping: String
    var stepSeconds: Double
    var points: [CoverageSeries.Point]
}
