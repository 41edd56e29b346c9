import FoundationEssentials
import Logging
import Shared
import Synchronization
import Testing

@testable import Coordinator

/// Answers captured from a real cluster.
enum Facts {
    static func text(_ name: String, file: String = #filePath) throws -> String {
        let folder = file.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        return try String(contentsOf: URL(filePath: "\(folder)/Facts/\(name)"), encoding: .utf8)
    }

    static func decode<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(text(name).utf8))
    }

    /// The body of a captured HTTP answer.
    static func body(_ name: String) throws -> String {
        let text = try text(name).replacing("\r\n", with: "\n")
        let end = try #require(text.firstRange(of: "\n\n"))
        return String(text[end.upperBound...])
    }
}

extension ClusterAccess {
    /// Nobody in particular, at this address.
    static func plain(_ url: String) -> ClusterAccess { ClusterAccess(ClusterSettings(place: "test", server: url)) }
}

extension KubernetesClient {
    /// One that doesn't wait, and says how long it would have.
    static func patient(_ url: String, pauses: Pauses = Pauses()) -> KubernetesClient {
        var client = KubernetesClient(access: .plain(url), logger: .quiet)
        client.sleep = { duration in pauses.record(duration) }
        return client
    }
}

final class Pauses: Sendable {
    private let recorded = Mutex<[Duration]>([])
    var all: [Duration] { recorded.withLock { $0 } }
    func record(_ duration: Duration) { recorded.withLock { $0.append(duration) } }
}

extension Logger {
    static var quiet: Logger {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }
}

/// A folder that goes away with the test.
final class ScratchFolder: Sendable {
    let path: String

    init() throws {
        path = temporaryFolder + "/image-puller-test-" + String(UInt64.random(in: 0...UInt64.max), radix: 16)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func write(_ name: String, _ text: String, executable: Bool = false) throws -> String {
        let file = path + "/" + name
        let folder = file.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: file))
        if executable { try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file) }
        return file
    }
}

private var temporaryFolder: String { ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp" }

/// The error that an operation throws.
func failure<Failure: Error>(
    _ type: Failure.Type, _ location: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async throws -> Failure {
    do {
        try await body()
    } catch let error as Failure {
        return error
    }
    Issue.record("nothing was thrown", sourceLocation: location)
    throw CancellationError()
}

/// Waits for something to become true, generously: test machines are busy.
func eventually(
    _ what: Comment, within limit: Duration = .seconds(60), _ location: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record(what, sourceLocation: location)
}
