/// Which registry a message's reference names, and who was asked in its place.
enum ImageHost {
    static let dockerHub = "docker.io"

    /// The registry of the image that a message is about; nil when it names none.
    static func registry(of chain: ErrorChain) -> String? {
        // The innermost: who hands a message on can write the name shorter. Docker leaves its own registry's name out.
        chain.references.last.map(registry(of:))
    }

    static func registry(of reference: String) -> String {
        let parts = reference.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count > 1, let first = parts.first else { return dockerHub }
        let isHost = first.contains(".") || first.contains(":") || first == "localhost"
        return isHost && first != "index.docker.io" ? String(first) : dockerHub
    }

    /// Whether the reference leads through a cache of Docker Hub: its official images are in `library`, which is the first
    /// part of a repository everywhere else.
    static func isCached(_ chain: ErrorChain) -> Bool {
        guard let repository = chain.references.last.flatMap(repository(of:)) else { return false }
        return repository.split(separator: "/").dropFirst().dropLast().contains("library")
    }

    /// The host that was asked in the place of the reference's registry.
    static func mirror(in chain: ErrorChain) -> String? {
        let registry = registry(of: chain)
        let host =
            chain.addresses.last { $0.isForAnother }?.host
            ?? chain.addresses.last { address in
                guard let registry, !isSame(address.host, registry), let reference = chain.references.last,
                    let repository = repository(of: reference)
                else { return false }
                return address.path.hasPrefix("/v2/\(repository)/")
            }?.host
            ?? chain.askedHost.flatMap { host in registry.map { isSame(host, $0) } == false ? host : nil }
        return host.flatMap { isHost($0) ? $0 : nil }
    }

    /// Whether a host is a registry itself, as its images' references name it.
    private static func isSame(_ host: String, _ registry: String) -> Bool {
        if registry == dockerHub { return host.hasSuffix(".\(dockerHub)") || host == dockerHub }
        func withoutPort(_ host: String) -> Substring {
            host.hasSuffix(":443") ? host.dropLast(4) : host.hasSuffix(":80") ? host.dropLast(3) : host[...]
        }
        return withoutPort(host) == withoutPort(registry)
    }

    private static func repository(of reference: String) -> String? {
        var parts = reference.split(separator: "/").map(String.init)
        if parts.count > 1, registry(of: reference) == parts[0] { parts.removeFirst() }
        guard let last = parts.last else { return nil }
        parts[parts.count - 1] = String(last.prefix { $0 != ":" && $0 != "@" })
        return parts.joined(separator: "/")
    }

    /// Whether two hosts belong together by their names: a registry and its token server mostly do.
    static func isSameSite(_ one: String, _ other: String) -> Bool { site(one) == site(other) }

    private static func site(_ host: String) -> String {
        let name = host.split(separator: ":").first ?? ""
        let labels = name.split(separator: ".")
        // Addresses have no domains.
        guard labels.count > 2, labels.contains(where: { Int($0) == nil }) else { return String(name) }
        return labels.suffix(2).joined(separator: ".")
    }

    /// What may be shown: nothing that isn't a host's name and port.
    private static func isHost(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 253
            && text.unicodeScalars.allSatisfy {
                $0.isASCII
                    && ($0.properties.isAlphabetic || ("0"..."9").contains(Character($0))
                        || ".:-[]".unicodeScalars.contains($0))
            }
    }
}
