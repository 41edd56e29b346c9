import Foundation
import Shared
import Testing

@testable import Coordinator

extension EndToEndTests {
    /// Clusters whose nodes all have one runtime, where the suite's have three: images are present, held, and the same
    /// everywhere.
    @Test(arguments: ["containerd-2.3", "cri-o-1.36"]) func nodesOfOneRuntime(_ flavour: String) async throws {
        try await TestCluster.simulated(adjust: { scenario in
            let nodes = scenario["nodes"]?.arrayValue ?? []
            scenario["nodes"] = .array(
                nodes.map { node in
                    var node = node
                    node["flavour"] = .string(flavour)
                    return node
                })
        }) { cluster in
            try await cluster.configure(cluster.data([cluster.images[0], cluster.images[1]]))
            try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 2)
            let nodes = try await cluster.world()["nodes"]?.arrayValue ?? []
            #expect(nodes.count == 3 && nodes.allSatisfy { $0["flavour"]?.stringValue == flavour })
            for node in nodes {
                let name = node["name"]?.stringValue ?? ""
                try await eventually("nothing is wrong with \(name)") { try await cluster.causes(name).isEmpty }
            }
        }
    }
}
