import Shared

/// What a key of docker's configuration file covers, read as the kubelet reads it
/// (k8s.io/kubernetes/pkg/credentialprovider, `URLsMatch`): `[scheme://]host[:port][/path]`, where each label of
/// the host may have `*` in it and the path is a prefix of the repository's.
struct RegistryPattern: Sendable, Equatable {
    let host: String
    /// Nil: none is written, and the reference must have none either.
    let port: String?
    /// With a leading slash, or empty.
    let path: String

    /// All names of the one registry that is the default.
    private static let dockerHosts: Set<String> = ["docker.io", "index.docker.io", "registry-1.docker.io"]

    init?(_ key: String) {
        var rest = Substring(key.trimmed)
        for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) { rest = rest.dropFirst(scheme.count) }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        var path = String(rest[slash...])
        // `docker login` writes the address of the registry's API.
        for version in ["/v1", "/v2"] where path == version || path.hasPrefix(version + "/") {
            path = String(path.dropFirst(version.count))
        }
        while path.hasSuffix("/") { path.removeLast() }
        var host = rest[..<slash].lowercased()
        guard !host.isEmpty else { return nil }
        port = Self.takePort(&host)
        self.host = Self.dockerHosts.contains(host) ? "docker.io" : host
        self.path = path
    }

    func covers(_ reference: ImageReference) -> Bool {
        var host = reference.registry.lowercased()
        guard Self.takePort(&host) == port else { return false }
        guard ("/" + reference.repository).hasPrefix(path) else { return false }
        if self.host == host { return true }
        let pattern = self.host.split(separator: ".", omittingEmptySubsequences: false)
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        guard pattern.count == labels.count else { return false }
        return zip(pattern, labels).allSatisfy { Self.glob(Array($0.utf8)[...], Array($1.utf8)[...]) }
    }

    private static func takePort(_ host: inout String) -> String? {
        guard let colon = host.lastIndex(of: ":"), !host[colon...].contains("]") else { return nil }
        let port = String(host[host.index(after: colon)...])
        host = String(host[..<colon])
        return port
    }

    private static func glob(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == UInt8(ascii: "*") {
            return (text.startIndex...text.endIndex).contains { glob(pattern.dropFirst(), text[$0...]) }
        }
        guard let next = text.first, first == UInt8(ascii: "?") || first == next else { return false }
        return glob(pattern.dropFirst(), text.dropFirst())
    }
}

extension String {
    /// Without white space at its ends.
    var trimmed: String {
        var rest = self[...]
        while let first = rest.first, first.isWhitespace { rest.removeFirst() }
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return String(rest)
    }
}
