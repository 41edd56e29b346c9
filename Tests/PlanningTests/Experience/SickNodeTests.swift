import Cluster
import ClusterModel
import ImageSets
import PlannedCluster
import Planning
import Shared
import Testing

/// Whatever is wrong on one node alone, and though everything is tried on it first: the others have their images as soon as
/// without it.
@Suite("One sick node") struct SickNodeTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// Seconds that all wait, once, before a second node says whether the registry is to blame.
        var pause = 2.0
        var make: @Sendable (inout NodeFaults) -> Void
    }

    private static func mirror(_ name: String, _ answer: NodeFaults.Mirror.Answer) -> Fault {
        // A limit of requests is one for all, mostly: the first refusal is heeded by all.
        Fault(testDescription: "a mirror: \(name)", pause: answer == .status(429) ? 20 : 2) {
            $0.mirrors[NodeFaults.everyRegistry] = NodeFaults.Mirror(host: "mirror.example:5000", answer: answer)
        }
    }

    static let faults =
        [401, 403, 404, 429, 500, 502, 503].map { mirror("\($0)", .status($0)) } + [
            mirror("no platform", .noMatchingPlatform), mirror("refusing", .refusing), mirror("silent", .silent),
            mirror("hanging", .hanging), mirror("untrusted", .untrusted),
            Fault(testDescription: "a store that is full") { $0.store = .full },
            Fault(testDescription: "a store that is damaged") { $0.store = .damaged },
            Fault(testDescription: "a store that forgets") { $0.store = .forgetful },
            Fault(testDescription: "corrupt content") { $0.corruptPulls = 1000 },
            Fault(testDescription: "a slow network") { $0.bandwidth = 100_000 },
            Fault(testDescription: "transfers that stall") { $0.stallsAfter = 0.5 },
            Fault(testDescription: "connections that are reset") { $0.resetsAfter = 100_000...1_000_000 },
        ]

    @Test("Others are covered as soon as without it", arguments: faults, RuntimeFlavour.allCases)
    func costsNobodyAnything(_ fault: Fault, _ flavour: RuntimeFlavour) throws {
        let alone = try Self.seconds(flavour, nil)
        let beside = try Self.seconds(flavour, fault)
        #expect(beside <= 1.1 * alone + fault.pause)
    }

    /// Until all nodes but the first have all images.
    private static func seconds(_ flavour: RuntimeFlavour, _ fault: Fault?) throws -> Double {
        var registry = RegistryModel(host: "r.example:5000", latency: 0.1, bandwidth: 1e9)
        var configuration = Configuration()
        for number in 0..<5 {
            let reference = try ImageReference("r.example:5000/app\(number):1")
            registry.publish(ImageDescriptor(name: "app\(number)", version: "1", size: 12_000_000), as: reference)
            configuration.images.append(ImageEntry(name: "app\(number)", reference: reference))
        }
        var cluster = PlannedCluster(seed: 1, nodes: [], registries: [registry])
        for number in (fault == nil ? 1 : 0)..<20 {
            var node = NodeModel(name: "n\(10 + number)")
            node.flavour = flavour
            if number == 0 { fault?.make(&node.faults) }
            cluster.addNode(node)
        }
        cluster.configure(configuration)
        let others = cluster.cluster.nodes.keys.filter { $0 != "n10" }
        func isCovered() -> Bool {
            others.allSatisfy { node in
                configuration.images.allSatisfy { cluster.model.runtime(node)?.image($0.reference.normalised) != nil }
            }
        }
        while !isCovered(), cluster.model.now < 3600 { cluster.step(seconds: 0.1) }
        return cluster.model.now
    }
}
