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

extension EndToEndTests {
    /// A tag that is to stay while it is rolled out: sleep containers hold it on so many nodes, another one takes the place of one
    /// that is cordoned, and when it ends the DaemonSet goes, and nothing else.
    @Test func aHeldPrefetchHoldsUntilItEnds() async throws {
        try await TestCluster.simulated { cluster in
            let (listed, wanted) = (cluster.images[0], cluster.images[1])
            try await cluster.configure(cluster.data([listed]))
            try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 1)
            let pods = Set(try await cluster.pods().compactMap(\.metadata.uid))

            let made = try RunningProgram(
                .coordinator,
                [
                    "prefetch", wanted, "--hold", "--nodes", "2", "--ttl", "1h", "--wait", "--timeout", "2m",
                    "--output",
                    "json", "--server", cluster.server,
                ], folder: cluster.folder, name: "prefetch")
            defer { made.kill() }
            try await eventually("the prefetch is held", within: 150) { !made.process.isRunning }
            #expect(made.process.terminationStatus == 0, "\(made.text) \(made.log)")
            let status = try JSONDecoder().decode(PrefetchStatus.self, from: Data(made.text.utf8))
            #expect(status.hold == true && status.nodeCount == 2)
            #expect(status.coverage?.total.held == 2 && status.coverage?.total.cells == 2)

            let name = "\(TestCluster.daemonSetName)-\(status.name)"
            func nodes() async throws -> [String: String] {
                let all = try await cluster.client.list(Pod.self, Selection(namespace: cluster.namespace)).items
                let own = all.filter { $0.metadata.controller?.name == name && $0.metadata.deletionTimestamp == nil }
                return Dictionary(
                    own.compactMap { pod in pod.spec?.nodeName.map { ($0, pod.metadata.uid ?? "") } },
                    uniquingKeysWith: { first, _ in first })
            }
            let first = try await nodes()
            #expect(first.count == 2)
            let gone = try #require(first.keys.sorted().first)
            let stays = try #require(first.keys.sorted().last)
            try await cluster.client.mergePatch(["spec": ["unschedulable": true]], .nodes, name: gone)
            try await eventually("another node takes its place", within: 120) {
                let now = try await nodes()
                return now[gone] == nil && now.count == 2 && now[stays] == first[stays]
            }

            // Somebody shortens its life.
            try await cluster.client.mergePatch(
                ["data": ["ENDS_AT": "2020-01-01T00:00:00Z"]], .configMaps, name: status.name,
                namespace: cluster.namespace)
            try await eventually("it ends", within: 60) {
                guard try await nodes().isEmpty else { return false }
                return try await cluster.daemonSet(name) == nil
            }
            #expect((try await cluster.query("/api/v1/prefetches") as PrefetchList).prefetches.isEmpty)
            #expect(Set(try await cluster.pods().compactMap(\.metadata.uid)).isSuperset(of: pods))
        }
    }
}
