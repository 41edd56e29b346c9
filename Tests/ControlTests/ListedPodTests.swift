import Cluster
import Planning
import Testing

@testable import Control
@testable import KubernetesClient
@testable import KubernetesFixtures

@Suite struct ListedPodTests {
    private func pods(_ file: String = "pods.ready.json") throws -> [ListedPod] {
        struct List: Decodable { var items: [ListedPod] }
        return try Facts.decode(List.self, file).items
    }

    @Test func itKeepsWhatTheWholePodSays() throws {
        struct List: Decodable { var items: [Pod] }
        let whole = try Facts.decode(List.self, "pods.ready.json").items
        let listed = try pods()
        #expect(!listed.isEmpty)
        #expect(listed.map(\.view) == whole.map { PodView($0) })
        #expect(listed.map(\.unscheduled) == whole.map { PodView(unscheduled: $0) })
        #expect(listed.map(\.metadata) == whole.map(\.metadata))
    }

    /// Sharing changes nothing but the storage.
    @Test func sharingChangesNothing() throws {
        let listed = try pods()
        for one in listed {
            for other in listed {
                var shared = one
                shared.share(with: other)
                #expect(shared.view == one.view)
                #expect(shared.metadata == one.metadata)
            }
        }
    }
}
