import Foundation
import Shared
import Testing

@testable import Control
@testable import KubernetesClient
@testable import Reporting

extension EndToEndTests {
    /// A pipeline's way: a new tag on all nodes before it is rolled out, without touching a pod; told as long as it lasts,
    /// also by another coordinator; ended by hand.
    @Test func aPrefetchPullsBesideTheListAndTouchesNoPod() async throws {
        try await TestCluster.simulated { cluster in
            let (held, wanted) = (cluster.images[0], cluster.images[1])
            try await cluster.configure(cluster.data([held]))
            try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 1)
            let nodes = try await cluster.coverage().nodes
            let pods = try await cluster.pods().compactMap(\.metadata.uid).sorted()

            func run(_ arguments: [String]) async throws -> (status: Int32, output: String) {
                try await RunningProgram.run(.coordinator, arguments + ["--server", cluster.server])
            }
            let made = try RunningProgram(
                .coordinator,
                ["prefetch", wanted, "--wait", "--timeout", "2m", "--output", "json", "--server", cluster.server],
                folder: cluster.folder, name: "prefetch")
            defer { made.kill() }
            try await eventually("the prefetch has ended its wait", within: 150) { !made.process.isRunning }
            #expect(made.process.terminationStatus == 0, "\(made.text) \(made.log)")
            let status = try JSONDecoder().decode(PrefetchStatus.self, from: Data(made.text.utf8))
            #expect(status.references == [wanted])
            #expect(status.coverage?.total.present == nodes && status.coverage?.total.held == 0)
            #expect(try await cluster.coverage().images == 2, "coverage is that of all sets' images")
            #expect(try await cluster.pods().compactMap(\.metadata.uid).sorted() == pods)

            // It is kept in the cluster.
            _ = try await cluster.stopCoordinator()
            try await cluster.startCoordinator()
            try await eventually("another coordinator tells of it", within: 60) {
                let list = try? await cluster.query("/api/v1/prefetches") as PrefetchList
                return list?.prefetches.first?.coverage?.total.present == nodes
            }
            #expect(try await run(["prefetch", "--cancel", status.name]).status == 0)
            #expect((try await cluster.query("/api/v1/prefetches") as PrefetchList).prefetches.isEmpty)
            #expect(try await run(["prefetch", "--cancel", status.name]).status == 1)
            #expect(try await cluster.pods().compactMap(\.metadata.uid).sorted() == pods)
        }
    }
}
