/// An image reference as a user wrote it, and as a container runtime understands it.
///
/// The grammar and the short forms are those of the distribution project (`github.com/distribution/reference`),
/// which Docker, containerd and CRI-O share: `nginx` reads as `docker.io/library/nginx:latest`, and of
/// `repository:tag@digest` the digest alone decides.
public struct ImageReference: Sendable, Hashable {
    /// What the user wrote, without surrounding white space.
    public let written: String
    /// The registry with its port: `docker.io`, `registry.example.com:5000`, `[::1]:5000`.
    public let registry: String
    /// The repository within the registry: `library/nginx`.
    public let repository: String
    /// The tag that decides; nil when a digest does.
    public let tag: String?
    /// `sha256:` and 64 hexadecimal digits, when the reference is pinned.
    public let digest: String?

    /// Registry and repository.
    public var name: String { "\(registry)/\(repository)" }

    /// The one spelling that runtimes print: `docker.io/library/nginx:latest`, `docker.io/library/nginx@sha256:…`.
    public var normalised: String {
        if let digest { return "\(name)@\(digest)" }
        return "\(name):\(tag ?? Self.defaultTag)"
    }

    /// Whether it is written without its registry. To containerd it is docker.io's; CRI-O reads it by the node's own
    /// aliases and search list, or refuses it.
    public var isShort: Bool {
        registry == Self.defaultRegistry && !written.hasPrefix("docker.io/") && !written.hasPrefix("index.docker.io/")
    }

    /// Whether the registry can answer with another image tomorrow.
    public var isMutable: Bool { digest == nil }

    static let defaultRegistry = "docker.io"
    static let defaultTag = "latest"
    /// The distribution project's limit for registry and repository together.
    static let maximumNameLength = 255

    /// Reads a reference.
    ///
    /// - Throws: ``ImageReferenceError``, which says what is wrong and how to put it right.
    public init(_ text: String) throws(ImageReferenceError) {
        var rest = Substring(text)
        while let first = rest.first, first.isWhitespace { rest.removeFirst() }
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        written = String(rest)
        guard !rest.isEmpty else { throw ImageReferenceError(.empty, text) }
        guard rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw ImageReferenceError(.characters, text) }

        var digest: String?
        if let at = rest.firstIndex(of: "@") {
            let value = rest[rest.index(after: at)...]
            guard ReferenceGrammar.isDigest(value) else { throw ImageReferenceError(.digest, text) }
            digest = String(value)
            rest = rest[..<at]
        }

        var tag: String?
        let lastSlash = rest.lastIndex(of: "/")
        if let colon = rest.lastIndex(of: ":"), lastSlash.map({ colon > $0 }) ?? true {
            let value = rest[rest.index(after: colon)...]
            guard ReferenceGrammar.isTag(value) else { throw ImageReferenceError(.tag, text) }
            tag = String(value)
            rest = rest[..<colon]
        }

        let (registry, repository) = Self.split(rest)
        guard ReferenceGrammar.isRegistry(registry) else { throw ImageReferenceError(.registry, text) }
        guard !repository.contains(where: { $0.isUppercase }) else { throw ImageReferenceError(.upperCase, text) }
        guard ReferenceGrammar.isRepository(repository) else { throw ImageReferenceError(.repository, text) }
        guard !ReferenceGrammar.isImageID(rest) else { throw ImageReferenceError(.imageID, text) }
        guard registry.utf8.count + repository.utf8.count < Self.maximumNameLength else {
            throw ImageReferenceError(.tooLong, text)
        }
        self.registry = String(registry)
        self.repository = String(repository)
        self.tag = digest == nil ? tag ?? Self.defaultTag : nil
        self.digest = digest
    }

    /// Where the registry ends: its part has a dot, a colon or an upper-case letter, or is `localhost`.
    private static func split(_ name: Substring) -> (registry: Substring, repository: Substring) {
        guard let slash = name.firstIndex(of: "/") else { return (Substring(defaultRegistry), "library/" + name) }
        let first = name[..<slash]
        let rest = name[name.index(after: slash)...]
        let isRegistry =
            first.contains(".") || first.contains(":") || first == "localhost" || first.contains { $0.isUppercase }
        guard isRegistry else { return (Substring(defaultRegistry), name) }
        guard first == "index.docker.io" || first == defaultRegistry else { return (first, rest) }
        return (Substring(defaultRegistry), rest.contains("/") ? rest : "library/" + rest)
    }

    /// Whether an image with these names is the one that the reference means.
    ///
    /// - Parameters:
    ///   - tags: as the runtime prints them (`repoTags`).
    ///   - digests: as the runtime prints them (`repoDigests`).
    public func matches(tags: [String], digests: [String]) -> Bool {
        (isMutable ? tags : digests).contains(normalised)
    }
}

extension ImageReference: CustomStringConvertible {
    public var description: String { written }
}

extension ImageReference: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        do {
            try self.init(text)
        } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.description)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(written)
    }
}
