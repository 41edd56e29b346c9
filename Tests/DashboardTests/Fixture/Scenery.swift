import Cluster
import ImageSets
import Planning
import Shared
import SwiftProtobuf
import Synchronization

@testable import Formatting
@testable import Reporting

/// A made-up cluster of any size, as a snapshot: mostly held, with a little of every state.
struct Scenery {
    var configuration = Configuration()
    var cluster = ClusterView()
    var fleet = Fleet(epoch: 1)
    let now = Timestamp.wallClock
    private var random = SystemRandomNumberGenerator()
    private var sequence: UInt64 = 0

    /// - Parameter name: how a node or an image is called by its number.
    init(
        nodes: Int, images: Int, nodeName: (Int) -> String = { "node-\($0)" },
        references: (Int) -> String = { "registry.example.com/shop/app-\($0):1" }
    ) throws {
        configuration.images = try (0..<images).map { number in
            ImageEntry(name: "app-\(number)", reference: try ImageReference(references(number)))
        }
        // Reports stay fresh for as long as a test takes.
        configuration.reportIntervalSeconds = 3600
        cluster.isSynced = true
        for number in 0..<nodes {
            var node = NodeView(name: nodeName(number), uid: "uid-\(number)")
            node.labels = [
                "topology.kubernetes.io/zone": "zone-\(number % 3)", "kubernetes.io/hostname": node.name,
                "pool": number % 4 == 0 ? "large" : "small",
            ]
            cluster.nodes[node.name] = node
        }
        _ = fleet.adopt(configuration, at: now)
        for number in 0..<nodes where number % 50 != 7 { try report(nodeName(number), number) }
    }

    /// The node has what it has by its number: the last image fails everywhere, others are missing here and there.
    private mutating func report(_ node: String, _ number: Int) throws {
        let images = configuration.images
        var listed: [WireImage] = []
        for (column, image) in images.enumerated() where column != images.count - 1 && (number + column) % 11 != 3 {
            var wire = WireImage()
            wire.id = "sha256:\(column)"
            wire.tags = [image.reference.normalised]
            wire.inUse = (number + column) % 13 != 0
            listed.append(wire)
        }
        send(node) { $0.full.images = listed }
        guard let last = images.last, images.count > 1 else { return }
        _ = fleet.order(last.reference, node: node, at: now)
        guard let pull = fleet.assignment(node: node).pulls.last else { return }
        send(node) {
            var attempt = WireAttempt()
            attempt.id = 1
            attempt.pullID = pull.id
            attempt.reference = pull.reference
            attempt.outcome = .failed
            attempt.message =
                "failed to resolve reference \"\(pull.reference)\": <script>window.pwned = 1</script> not found"
            $0.attempts = [attempt]
        }
        if number % 5 == 1, images.count > 2 { _ = fleet.order(images[1].reference, node: node, at: now) }
    }

    private mutating func send(_ node: String, _ fill: (inout WireReport) -> Void) {
        sequence += 1
        var report = WireReport()
        report.node = node
        report.bootID = "boot"
        report.sequence = sequence
        report.runtime.listed = true
        fill(&report)
        _ = fleet.ingest(CheckedReport(modelled: report), at: now, using: &random)
    }

    func snapshot(at moment: Timestamp? = nil) -> Snapshot {
        Snapshot(configuration: configuration, revision: 7, cluster: cluster, fleet: fleet, now: moment ?? now)
    }
}
