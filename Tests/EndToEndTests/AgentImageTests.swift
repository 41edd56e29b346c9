import Foundation
import Shared
import Testing

@testable import Access
@testable import ConfigurationParsing
@testable import KubernetesClient
@testable import Manifests

/// A new image of ours that doesn't work leaves every other node as it was, and says so.
extension EndToEndTests {
    @Test(arguments: ClusterKind.available)
    func anAgentImageThatDoesNotExistChangesNoPod(_ kind: ClusterKind) async throws {
        try await kind.run { cluster in
            try await cluster.configure(cluster.data([cluster.images[0]]))
            try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 1)
            let pods = Set(try await cluster.pods().compactMap(\.metadata.uid))
            try await eventually("the image in use has shown that it works") {
                try await cluster.daemonSet()?.metadata.annotations[PodNames.provenImageAnnotation]
                    == cluster.agentImage
            }
            let before = try #require(try await cluster.daemonSet()).spec?.template
            try await cluster.configure(cluster.data([cluster.images[0]], ["KIP_IMAGE": cluster.absentImage]))
            try await eventually("it is told") {
                try await cluster.events("AgentImageUnavailable").contains { $0.contains(cluster.absentImage) }
            }
            try await eventually("the status says it") {
                try await cluster.configuration().findings.contains {
                    $0.key == "KIP_IMAGE" && $0.message.contains("notFound")
                }
            }
            #expect(Set(try await cluster.pods().compactMap(\.metadata.uid)) == pods)
            #expect(try await cluster.daemonSet()?.spec?.template == before)
            try await cluster.configure(cluster.data([cluster.images[0]]))
            try await eventually("the status forgets it") {
                try await cluster.configuration().findings.allSatisfy { $0.key != "KIP_IMAGE" }
            }
        }
    }

    @Test func anAgentImageThatCrashesIsTakenBack() async throws {
        try await TestCluster.simulated { cluster in
            try await cluster.configure(cluster.data([cluster.images[0]]))
            try await cluster.startCoordinator(["--agent-image-patience", "3"])
            try await cluster.untilHeld(images: 1)
            try await eventually("the image in use has shown that it works") {
                try await cluster.daemonSet()?.metadata.annotations[PodNames.provenImageAnnotation]
                    == cluster.agentImage
            }
            let pods = Set(try await cluster.pods().compactMap(\.metadata.uid))
            let before = try #require(try await cluster.daemonSet()).spec?.template
            let crashing = "registry.example.com/\(TestCluster.crashingImage)"
            try await cluster.configure(cluster.data([cluster.images[0]], ["KIP_IMAGE": crashing]))
            try await eventually("it is taken back, and told") {
                let texts = try await cluster.events("AgentImageTakenBack")
                return texts.contains { $0.contains(crashing) && $0.contains("CrashLoopBackOff") }
            }
            try await cluster.untilHeld(images: 1)
            let after = Set(try await cluster.pods().compactMap(\.metadata.uid))
            // It is tried on two of three nodes at most.
            #expect(after.count == 3 && after.intersection(pods).count >= 1)
            #expect(try await cluster.daemonSet()?.spec?.template == before)
        }
    }
}

extension TestCluster {
    /// The messages of the coordinator's Events with this reason.
    fileprivate func events(_ reason: String) async throws -> [String] {
        try await client.list(Event.self, Selection(namespace: namespace)).items
            .filter { $0.reason == reason }.compactMap(\.message)
    }
}
