import FoundationEssentials
import Shared
import Subprocess
import SystemPackage

/// Runs an exec plugin and keeps its credential until it expires. Callers that come meanwhile share one run.
actor ExecCredentialSource {
    private let plugin: ExecPlugin
    private let environment: [String: String]
    private let now: @Sendable () -> Date
    private var cached: ExecCredential.Status?
    private var running: Task<ExecCredential.Status, any Error>?

    /// A plugin may ask a cloud, but nobody waits for it longer than that.
    private let timeout: Duration
    static let maximumOutputBytes = 1 << 20

    init(
        _ plugin: ExecPlugin, environment: [String: String],
        timeout: Duration = .seconds(60), now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.timeout = timeout
        self.plugin = plugin
        self.environment = environment
        self.now = now
    }

    /// - Throws: ``AccessError``.
    func credential() async throws -> ExecCredential.Status {
        if let cached, cached.expirationTimestamp.map({ $0.date > now() }) ?? true { return cached }
        let task = running ?? Task { try await self.execute() }
        running = task
        defer { if running == task { running = nil } }
        let fresh = try await task.value
        cached = fresh
        return fresh
    }

    /// Forgets the credential: the server has refused it.
    func discard() { cached = nil }

    private func execute() async throws -> ExecCredential.Status {
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(2))]
        let configuration = Subprocess.Configuration(
            executable: plugin.command.contains("/") ? .path(FilePath(plugin.command)) : .name(plugin.command),
            arguments: Arguments(plugin.arguments), environment: .custom(try variables()), platformOptions: options)
        let limit = timeout
        let outcome: Outcome
        do {
            outcome = try await withThrowingTaskGroup(of: Outcome?.self) { group in
                group.addTask {
                    let result = try await run(
                        configuration, input: .none, output: .bytes(limit: Self.maximumOutputBytes),
                        error: .bytes(limit: Self.maximumOutputBytes))
                    return Outcome(
                        status: result.terminationStatus, output: result.standardOutput, errors: result.standardError)
                }
                group.addTask {
                    try await Task.sleep(for: limit)
                    return nil
                }
                defer { group.cancelAll() }
                guard let first = try await group.next(), let outcome = first else {
                    throw failure("it didn't end within \(limit.components.seconds) s")
                }
                return outcome
            }
        } catch let error as SubprocessError {
            throw failure(
                error.code == .executableNotFound ? "there is no such program" : "it can't be run: \(error)")
        }
        guard outcome.status.isSuccess else {
            throw failure("it failed (\(outcome.status))" + Self.lastWords(outcome.errors))
        }
        switch ExecCredential.parse(outcome.output, version: plugin.version) {
        case .success(let status): return status
        case .failure(let problem): throw failure(problem.text)
        }
    }

    private struct Outcome: Sendable {
        var status: TerminationStatus
        var output: [UInt8]
        var errors: [UInt8]
    }

    private func variables() throws -> [Environment.Key: String] {
        var spec: JSONValue = ["interactive": false]
        if let info = plugin.clusterInfo { spec["cluster"] = info }
        let document: JSONValue = [
            "apiVersion": .string(plugin.version.rawValue), "kind": "ExecCredential", "spec": spec,
        ]
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        var all = environment.merging(plugin.environment) { _, own in own }
        all["KUBERNETES_EXEC_INFO"] = String(decoding: try encoder.encode(document), as: UTF8.self)
        return Dictionary(
            all.map { (Environment.Key(stringLiteral: $0.key), $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    private func failure(_ problem: String) -> AccessError {
        let hint = plugin.installHint.map { ". " + $0.trimmed } ?? ""
        return AccessError(plugin.place, "the exec plugin \"\(plugin.command)\" gave no credential: \(problem)\(hint)")
    }

    /// The end of what the plugin wrote on its standard error, without anything that looks like a token.
    static func lastWords(_ errors: [UInt8]) -> String {
        let text = String(decoding: errors.suffix(2000), as: UTF8.self)
        let words = text.split(whereSeparator: \.isWhitespace).map { word in
            word.split(separator: "/", omittingEmptySubsequences: false).map(hidden).joined(separator: "/")
        }
        let tail = words.joined(separator: " ").suffix(400)
        return tail.isEmpty ? "" : ": \(tail)"
    }

    private static func hidden(_ part: Substring) -> String {
        let looksSecret =
            part.utf8.count >= 24 && part.contains(where: \.isNumber) && part.contains(where: \.isLetter)
        return looksSecret ? "(hidden)" : String(part)
    }
}
