import FoundationEssentials
import Yams

/// The kubeconfig files of a user, merged as `kubectl` does: of each name the first file that has it counts.
struct Kubeconfig: Sendable {
    /// A value with the file that it comes from, since paths in it are relative to that file.
    struct Sourced<Value: Sendable>: Sendable {
        var value: Value
        var path: String

        var directory: String {
            let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
            return parts.isEmpty ? "." : parts.joined(separator: "/")
        }
    }

    private(set) var paths: [String] = []
    private(set) var currentContext: String?
    private(set) var clusters: [String: Sourced<KubeconfigDocument.Cluster>] = [:]
    private(set) var contexts: [String: Sourced<KubeconfigDocument.Context>] = [:]
    private(set) var users: [String: Sourced<KubeconfigDocument.User>] = [:]

    /// Reads and merges files.
    ///
    /// - Parameter mustExist: whether a missing file is an error, as for one that the user named; the members of
    ///   `KUBECONFIG` may be missing, but not all.
    /// - Throws: ``AccessError``.
    static func load(_ paths: [String], mustExist: Bool) throws(AccessError) -> Kubeconfig {
        var merged = Kubeconfig()
        for path in paths {
            guard FileManager.default.fileExists(atPath: path) else {
                if mustExist { throw AccessError("kubeconfig \"\(path)\"", "the file doesn't exist") }
                continue
            }
            merged.add(try read(path), from: path)
        }
        guard !merged.paths.isEmpty else {
            let names = paths.map { "\"\($0)\"" }.joined(separator: ", ")
            throw AccessError("KUBECONFIG", "none of its files exists: \(names)")
        }
        return merged
    }

    private static func read(_ path: String) throws(AccessError) -> KubeconfigDocument {
        let place = "kubeconfig \"\(path)\""
        guard let data = try? Data(contentsOf: URL(filePath: path)) else {
            throw AccessError(place, "the file can't be read: check its permissions")
        }
        let text = String(decoding: data, as: UTF8.self)
        guard !text.trimmed.isEmpty else { return KubeconfigDocument() }
        do {
            return try YAMLDecoder().decode(KubeconfigDocument.self, from: text)
        } catch {
            throw AccessError(place, describe(error))
        }
    }

    /// Yams quotes the lines around an error, and credentials may stand there: only the position is told.
    private static func describe(_ error: any Error) -> String {
        var cause = error
        if case DecodingError.dataCorrupted(let context) = error, let underlying = context.underlyingError {
            cause = underlying
        }
        switch cause as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return "no YAML: \(problem) at line \(mark.line), column \(mark.column)"
        case .some:
            return "no YAML"
        case nil:
            return describeDecoding(error)
        }
    }

    private mutating func add(_ document: KubeconfigDocument, from path: String) {
        paths.append(path)
        if currentContext == nil, let name = document.currentContext, !name.isEmpty { currentContext = name }
        Self.merge(document.clusters, path, into: &clusters)
        Self.merge(document.contexts, path, into: &contexts)
        Self.merge(document.users, path, into: &users)
    }

    private static func merge<Value>(
        _ named: [KubeconfigDocument.Named<Value>]?, _ path: String, into table: inout [String: Sourced<Value>]
    ) {
        for entry in named ?? [] where table[entry.name] == nil {
            table[entry.name] = entry.value.map { Sourced(value: $0, path: path) }
        }
    }
}
