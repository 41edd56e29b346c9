import Foundation
import Shared
import Testing

/// Where a test runs that asks nothing of the cluster but what every cluster does.
enum ClusterKind: String, CaseIterable, CustomTestStringConvertible {
    case simulated
    case real

    static let hasRealCluster =
        ProcessInfo.processInfo.environment["KUBECONFIG"] != nil
        && ProcessInfo.processInfo.environment["E2E_IMAGE"] != nil

    /// The simulator, and the cluster of `KUBECONFIG` when there is one.
    static let available = allCases.filter { $0 == .simulated || hasRealCluster }

    var testDescription: String { rawValue }

    /// Runs a test in a cluster of this kind, with objects that stand in its namespace before.
    ///
    /// - Parameter nodes: of a simulated cluster; a real one has those that it has.
    func run(
        nodes: Int = 1, objects: [JSONValue] = [], _ body: (TestCluster) async throws -> Void
    ) async throws {
        switch self {
        case .simulated: try await TestCluster.simulated(nodes: nodes, objects: objects, body)
        case .real: try await TestCluster.real(objects: objects, body)
        }
    }
}
