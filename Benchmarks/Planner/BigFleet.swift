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

    /// Every node has everything.
    mutating func reportAll() {
        for number in 0..<Self.nodes { report(number, without: nil) }
    }

    /// A node has everything but one image.
    mutating func report(_ number: Int, without missing: Int?) {
        sequence += 1
        let report = WireReport.with { report in
            report.node = "worker-\(number).cluster.example"
            report.bootID = "boot-\(number)"
            report.sequence = sequence
            report.runtime.name = "containerd"
            report.runtime.listed = true
            report.full.images = (0..<Self.images).filter { $0 != missing }.map { Self.image($0) }
        }
        _ = fleet.ingest(report, platform: "linux/amd64", at: now, using: &random)
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
