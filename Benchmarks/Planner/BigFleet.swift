import Cluster
import ImageSets
import Planning
import Shared
import SwiftProtobuf

/// 5,000 nodes × 100 images, reported by hand: nothing of the cluster's model is measured with it. The images are those of one
/// set, or as many of each of several, which all nodes are for.
struct BigFleet {
    static let nodes = 5000
    static let images = 100

    var configuration = Configuration()
    /// Those beside `default`.
    private(set) var sets: [ImageSet] = []
    var cluster = ClusterView()
    var fleet = Fleet(epoch: 1)
    var now = Timestamp(milliseconds: 1_700_000_000_000)
    private var random = SystemRandomNumberGenerator()
    private var sequence: UInt64 = 0

    /// - Parameter count: of image sets.
    init(sets count: Int = 1) throws {
        let images = try (0..<Self.images).map {
            ImageEntry(name: "app\($0)", reference: try ImageReference("r\($0 % 5).example/team/app\($0):1.\($0)"))
        }
        let share = Self.images / count
        configuration.images = Array(images.prefix(share))
        sets = (1..<count).map { number in
            var own = Configuration()
            own.images = Array(images.dropFirst(number * share).prefix(share))
            own.daemonSetName = "set-\(number)"
            return ImageSet(name: "set-\(number)", own: own, main: configuration)
        }
        cluster.isSynced = true
        for number in 0..<Self.nodes {
            var node = NodeView(name: "worker-\(number).cluster.example", uid: "uid\(number)")
            node.labels["topology.kubernetes.io/zone"] = "zone-\(number % 3)"
            node.labels["kubernetes.io/arch"] = "amd64"
            node.labels["kubernetes.io/os"] = "linux"
            cluster.nodes[node.name] = node
            for set in [ImageSet.defaultName] + sets.map(\.name) {
                let suffix = set == ImageSet.defaultName ? "" : "-\(set)"
                var pod = PodView(
                    name: "image-puller-\(number)\(suffix)", uid: "pod\(number)\(suffix)", node: node.name)
                pod.set = set
                pod.template = "template"
                var container = ContainerView()
                container.isRunning = true
                pod.containers[Configuration.agentContainerName] = container
                cluster.pods[pod.uid] = pod
            }
        }
        _ = fleet.adopt(configuration, sets: sets, at: now)
        if !sets.isEmpty { _ = fleet.serve(roster, at: now) }
    }

    var roster: Roster { Roster(cluster, scheduling: configuration.scheduling, sets: sets) }

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
        let further = sets.compactMap { set in
            set.configuration.map { HeldSet(name: set.name, configuration: $0, template: "template") }
        }
        return Planner.plan(
            configuration: configuration, cluster: cluster, fleet: fleet, roster: roster, template: "template",
            further: further, now: now)
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
