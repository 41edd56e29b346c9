import Foundation
import Shared
import Testing

@testable import ConfigurationParsing
@testable import KubernetesClient
@testable import Manifests

extension EndToEndTests {
    /// Kubelets that look by themselves only every minute or so are woken when the image has come, with the permissions
    /// that are shipped.
    @Test func waitingContainersAreWoken() async throws {
        try await TestCluster.simulated(neverSeconds: 600) { cluster in
            try await cluster.configure(cluster.data([cluster.images[0], cluster.images[1]]))
            try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 2)
            let annotations = try await cluster.pods().map(\.metadata.annotations)
            #expect(annotations.contains { $0[PodNames.wokenAnnotation] != nil })
        }
    }

    /// Where the permission wasn't granted, that is said once, and containers start a little later.
    @Test func withoutThePermissionNobodyIsWoken() async throws {
        try await TestCluster.simulated(neverSeconds: 3, granting: Self.withoutWaking) { cluster in
            cluster.expectsRefusals = true
            try await cluster.configure(cluster.data([cluster.images[0]]))
            let coordinator = try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 1)
            #expect(coordinator.log.components(separatedBy: "rbac.wakePods").count == 2)
            #expect(try await cluster.requests().denied.allSatisfy { $0.contains("patch") && $0.contains("pods") })
        }
    }

    private static func withoutWaking(_ object: JSONValue) -> JSONValue {
        guard let rules = object["rules"]?.arrayValue else { return object }
        var object = object
        object["rules"] = .array(rules.filter { $0["resources"] != ["pods"] || $0["verbs"] != ["patch"] })
        return object
    }
}
