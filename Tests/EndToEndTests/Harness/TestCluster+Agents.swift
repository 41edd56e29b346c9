import Foundation

@testable import Reporting

extension TestCluster {
    /// The process of a node's agent; nil while there's none.
    func agentProcess(of node: String) throws -> Int32? { try agentProcesses(of: node).first }

    /// The processes of a node's agents: where several image sets select it each has one there.
    func agentProcesses(of node: String) throws -> [Int32] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { entry in
            guard let process = Int32(entry),
                let environment = FileManager.default.contents(atPath: "/proc/\(process)/environ")
            else { return nil }
            let variables = environment.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            // Other clusters on this machine have nodes of the same names.
            guard variables.contains("IMAGE_PULLER_NODE=\(node)"),
                variables.contains(where: { $0.contains(folder.path) })
            else { return nil }
            return process
        }
    }

    /// Kills a node's agent, and waits until the kubelet's next one reports.
    func restartAgent(of node: String) async throws {
        guard let old = try agentProcess(of: node) else { throw NeverHappened(description: "\(node) has no agent") }
        kill(old, SIGKILL)
        try await eventually("another agent reports from \(node)", within: 120) {
            guard let new = try self.agentProcess(of: node), new != old else { return false }
            let row = try await self.coverage(by: "node").rows.first { $0.name == node }
            return row?.counts.unknown == 0 && (row?.reportAgeSeconds ?? .infinity) < 2
        }
    }
}
