@testable import KubernetesClient

/// Where a type has the name of another library's.
enum FuzzReaders {
    static func nodes(_ bytes: [UInt8]) throws { _ = try Node.page(bytes) }
}
