import FoundationEssentials
import Logging
import Shared
import Synchronization
@testable import TestBasics
import Testing

@testable import KubernetesClient

/// Answers captured from a real cluster.
enum Facts {
    static func text(_ name: String) throws -> String {
        let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
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
