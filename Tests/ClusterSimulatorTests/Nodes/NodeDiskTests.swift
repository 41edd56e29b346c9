import ClusterModel
import Foundation
import Shared
import SwiftProtobuf
import Testing

@testable import ClusterSimulator

/// Nodes have disks of their own, for their agents too.
@Suite struct NodeDiskTests {
    private func disk(_ fixture: NodeFixture) -> [Int64] {
        fixture.text("n1/disk.txt").split(whereSeparator: \.isWhitespace).compactMap { Int64($0) }
    }

    @Test func theAgentIsToldWhereItsDiskIs() async throws {
        let fixture = try NodeFixture(agent: #"echo "$IMAGE_PULLER_IMAGE_ROOT" > "$PWD/said"; sleep 60"#)
        try await fixture.run {
            try await fixture.createPod("p", containers: [NodeFixture.agentContainer()])
            let hasSaid = try await eventually { fixture.text("n1/said").hasSuffix("\n") }
            #expect(hasSaid)
            #expect(fixture.text("n1/said") == "\(fixture.directory)/n1/disk.txt\n")
            // The agent's own image is on it: 1 MB, and its layers.
            let isShown = try await eventually { disk(fixture) == [100_000_000_000, 95_000_000_000 - 3_500_000] }
            #expect(isShown)
        }
    }

    /// Whoever has the answer to a pull or a removal sees the disk as it is after that.
    @Test func itIsUpToDateWithEachAnswer() async throws {
        let fixture = try NodeFixture()
        try await fixture.run {
            #expect(disk(fixture) == [100_000_000_000, 95_000_000_000])
            let client = GRPCUnaryClient(socketPath: fixture.directory + "/n1/run/containerd/containerd.sock")
            let spec = CRIImageSpec.with { $0.image = NodeFixture.image }
            let _: CRIPullImageResponse = try await client.call(
                "/runtime.v1.ImageService/PullImage", CRIPullImageRequest.with { $0.image = spec },
                timeout: .seconds(60))
            #expect(disk(fixture) == [100_000_000_000, 95_000_000_000 - 3_500_000])
            let _: CRIRemoveImageResponse = try await client.call(
                "/runtime.v1.ImageService/RemoveImage", CRIRemoveImageRequest.with { $0.image = spec },
                timeout: .seconds(30))
            #expect(disk(fixture) == [100_000_000_000, 95_000_000_000])
        }
    }
}
