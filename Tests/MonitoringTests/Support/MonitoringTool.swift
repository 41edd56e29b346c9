import Foundation
import RealRuntime
import Testing

/// Debian's Prometheus and Alertmanager, and the tools that come with them.
enum MonitoringTool {
    /// The packages prometheus and prometheus-alertmanager; where they are missing such tests are skipped, but never
    /// where the tests are meant to be complete.
    static let isThere =
        ProcessInfo.processInfo.environment["CI"] == "true"
        || ["promtool", "prometheus", "prometheus-alertmanager"].allSatisfy { name in
            FileManager.default.isExecutableFile(atPath: "/usr/bin/\(name)")
        }

    /// Runs `promtool`, with its complaints as the error.
    @discardableResult
    static func promtool(_ arguments: String...) async throws -> String {
        try await Tool.run("promtool", arguments: arguments)
    }

    /// What `promtool check metrics` says of a text in Prometheus' format; it exits with 3 when only the style is bad.
    static func checkMetrics(_ text: String) async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("metrics-\(UUID().uuidString).txt")
        try Data(text.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        try await Tool.run("sh", "-c", "promtool check metrics < '\(file.path)' 2>&1 || { echo failed >&2; exit 1; }")
    }
}

/// Files of the repository.
enum Repository {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    static func path(_ path: String) -> String { root.appendingPathComponent(path).path }

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }
}
