import FoundationEssentials

/// A certificate, key or token, as the configuration gives it. Prints where it comes from, never what it is.
enum CredentialMaterial: Sendable, Hashable, CustomStringConvertible {
    case inline(String)
    /// An absolute path. Read again now and then, since such files are rotated.
    case file(String)

    var description: String {
        switch self {
        case .inline: "given in the file"
        case .file(let path): "from \(path)"
        }
    }

    /// Certificates, keys and tokens are far smaller.
    static let maximumBytes = 1 << 20

    /// The content, without surrounding white space.
    ///
    /// - Parameter what: for the error: `client-key`.
    func read(_ what: String, at place: String) throws(AccessError) -> String {
        switch self {
        case .inline(let text): return text
        case .file(let path): return try Self.read(path, what, at: place)
        }
    }

    private static func read(_ path: String, _ what: String, at place: String) throws(AccessError) -> String {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw AccessError(place, "\(what) can't be read from \(path): check that it exists and may be read")
        }
        guard data.count <= maximumBytes else { throw AccessError(place, "\(what) in \(path) is larger than 1 MiB") }
        let text = String(decoding: data, as: UTF8.self).trimmed
        guard !text.isEmpty else { throw AccessError(place, "\(what) in \(path) is empty") }
        return text
    }
}

extension String {
    /// Without surrounding white space and line ends.
    package var trimmed: String {
        var rest = Substring(self)
        while let first = rest.first, first.isWhitespace { rest.removeFirst() }
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return String(rest)
    }
}
