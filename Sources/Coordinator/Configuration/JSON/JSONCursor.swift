import Formatting

/// A place in a JSON value, with the way that led to it: reads strictly, and every fault says where.
struct JSONCursor {
    let node: JSONNode
    /// `nodeAffinity.preferred[0].weight`; empty at the root.
    let path: String

    init(_ node: JSONNode, path: String = "") {
        self.node = node
        self.path = path
    }

    func fault(_ message: String, next: String) -> ValueFault {
        ValueFault((path.isEmpty ? "" : "\(path): ") + message, next: next, position: node.position)
    }

    var isNull: Bool { node.content == .null }

    func string() throws(ValueFault) -> String {
        if case .string(let text) = node.content { return text }
        let next: String
        switch node.content {
        case .number(let text): next = "write \"\(Redaction.quote(text, limit: 40))\", with the quotes"
        case .bool(let value): next = "write \"\(value)\", with the quotes"
        default: next = "write a string in double quotes"
        }
        throw fault("expected a string, found \(node.kind)", next: next)
    }

    func integer() throws(ValueFault) -> Int {
        if case .number(let text) = node.content, let number = Int(text) { return number }
        throw fault("expected a whole number, found \(node.kind)", next: "write a whole number without quotes")
    }

    func array() throws(ValueFault) -> [JSONCursor] {
        if case .array(let elements) = node.content {
            return elements.enumerated().map { JSONCursor($0.element, path: "\(path)[\($0.offset)]") }
        }
        throw fault("expected an array, found \(node.kind)", next: "put it between [ and ]")
    }

    /// The members of an object by name. Those that are null are left out, as Kubernetes does.
    ///
    /// - Parameter names: what may stand in it; nil when the names are the user's.
    func object(allowing names: [String]? = nil) throws(ValueFault) -> [(name: String, value: JSONCursor)] {
        guard case .object(let members) = node.content else {
            throw fault("expected an object, found \(node.kind)", next: "write { and } around names and values")
        }
        var cursors: [(name: String, value: JSONCursor)] = []
        for member in members {
            if let names, !names.contains(member.key) {
                let quoted = Redaction.quote(member.key, limit: 60)
                let nearest = NearestName.to(member.key, in: names).map { "did you mean \"\($0)\"?" }
                throw ValueFault(
                    (path.isEmpty ? "" : "\(path): ") + "unknown field \"\(quoted)\"",
                    next: nearest ?? "use one of \(names.joined(separator: ", "))", position: member.position)
            }
            let name = member.key.contains(where: { $0 == "." || $0 == "/" }) ? "[\"\(member.key)\"]" : member.key
            let separator = path.isEmpty || name.hasPrefix("[") ? "" : "."
            let child = JSONCursor(member.value, path: path + separator + Redaction.quote(name, limit: 80))
            if names == nil || !child.isNull { cursors.append((member.key, child)) }
        }
        return cursors
    }

    /// The members of an object with known fields.
    func fields(_ names: [String]) throws(ValueFault) -> [String: JSONCursor] {
        Dictionary(try object(allowing: names).map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
    }

    /// An object of strings, as labels and annotations are.
    func strings() throws(ValueFault) -> [(name: String, value: String, cursor: JSONCursor)] {
        var pairs: [(name: String, value: String, cursor: JSONCursor)] = []
        for (name, value) in try object() { pairs.append((name, try value.string(), value)) }
        return pairs
    }

    /// One of a few words.
    func word<Word: RawRepresentable & CaseIterable>(_ type: Word.Type) throws(ValueFault) -> Word
    where Word.RawValue == String {
        let text = try string()
        if let word = Word(rawValue: text) { return word }
        let names = Word.allCases.map(\.rawValue)
        throw fault(
            "unknown value \"\(Redaction.quote(text, limit: 60))\"",
            next: NearestName.to(text, in: names).map { "did you mean \"\($0)\"?" }
                ?? "use one of \(names.joined(separator: ", "))")
    }
}
