@testable import KubernetesClient

/// Where a type has the name of another library's.
enum FuzzReaders {
    static func nodes(_ bytes: [UInt8]) throws { _ = try Node.page(bytes) }

    static func events(_ bytes: [UInt8]) throws -> [(message: String, count: Int)] {
        (try Event.page(bytes).items ?? []).map { ($0.message ?? "", $0.count ?? 1) }
    }
}
