import Cluster
import ImageSets
import Planning
import Shared
import SwiftProtobuf

/// 5,000 nodes × 100 images, reported by hand: nothing of the cluster's model is measured with it.
struct BigFleet {
    static let nodes = 5000
    static let images = 100

    var configuration = Configuration()
    var cluster = ClusterView()
    var fleet = Fleet(epoch: 1)
    var now = Timestamp(milliseconds: 1_700_000_000_000)
    private var random = SystemRandomNumberGenerator()
    private var sequence: UInt64 = 0

    init() throws {
        configuration.images = try (0..<Self.images).map {
            ImageEntry(name: "app\($0)", reference: try ImageReference("r\($0 % 5).example/team/app\($0):1.\($0)"))
        }
        cluster.isSynced = true
        for number in 0..<Self.nodes {
            var node = NodeView(name: "worker-\(number).cluster.example", uid: "uid\(number)")
            node.labels["topology.kubernetes.io/zone"] = "zone-\(number % 3)"
            node.labels["kubernetes.io/arch"] = "amd64"
            node.labels["kubernetes.io/os"] = "linux"
            cluster.nodes[node.name] = node
            var pod = PodView(name: "image-puller-\(number)", uid: "pod\(number)", node: node.name)
            pod.template = "template"
            var container = ContainerView()
            container.isRunning = true
            pod.containers[Configuration.agentContainerName] = container
            cluster.pods[pod.uid] = pod
        }
        _ = fleet.adopt(configuration, at: now)
    }

    /// Every node has everything, and each tag has been asked for again since.
    mutating func reportAll() {
        for number in 0..<Self.nodes { report(number, without: nil) }
        for image in 0..<Self.images {
            let name = "worker-\(image).cluster.example"
            _ = fleet.order(
                fleet.references[image], node: name, platform: "linux/amd64", isRefresh: true, at: now)
            guard let pull = fleet.assignment(node: name).pulls.last else { continue }
            report(image, without: nil) { report in
                report.attempts = [
                    WireAttempt.with {
                        $0.id = 1
                        $0.pullID = pull.id
                        $0.reference = pull.reference
                        $0.outcome = .succeeded
                        $0.bytes = 100_000_000
                    }
                ]
            }
        }
    }

    func plan(_ roster: Roster) -> Plan {
        Planner.plan(
            configuration: configuration, cluster: cluster, fleet: fleet, roster: roster, template: "template", now: now
        )
    }

    /// Plans once and carries it out: what plans find out for later ones is known then.
    mutating func settle(_ roster: Roster) { _ = fleet.carryOut(plan(roster), at: now) }

    /// A node has everything but one image.
    mutating func report(_ number: Int, without missing: Int?, _ fill: (inout WireReport) -> Void = { _ in }) {
        sequence += 1
        let report = WireReport.with { report in
            report.node = "worker-\(number).cluster.example"
            report.bootID = "boot-\(number)"
            report.sequence = sequence
            report.runtime.name = "containerd"
            report.runtime.listed = true
            report.full.images = (0..<Self.images).filter { $0 != missing }.map { Self.image($0) }
            fill(&report)
        }
        _ = fleet.ingest(
            CheckedReport(modelled: report), platform: "linux/amd64", at: now, using: &random)
    }

    private static func image(_ number: Int) -> WireImage {
        WireImage.with {
            let digits = String(number, radix: 16)
            $0.id = "sha256:" + String(repeating: "a", count: 64 - digits.count) + digits
            $0.tags = ["r\(number % 5).example/team/app\(number):1.\(number)"]
            $0.digests = ["r\(number % 5).example/team/app\(number)@\($0.id)"]
            $0.size = 100_000_000
            $0.inUse = true
        }
    }
}
