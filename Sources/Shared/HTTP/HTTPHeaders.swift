/// Header fields in their order; names are compared without regard to case, and a name may come more than once.
public struct HTTPHeaders: Sendable {
    /// One header field.
    public typealias Field = (name: String, value: String)

    private var fields: [Field]

    /// No fields.
    public init() { fields = [] }

    /// The fields in this order.
    public init(_ fields: [Field]) { self.fields = fields }

    /// The first value of that name. Setting replaces every field of the name by one; setting nil removes them.
    public subscript(name: String) -> String? {
        get { fields.first { Self.areSame($0.name, name) }?.value }
        set {
            let index = fields.firstIndex { Self.areSame($0.name, name) }
            fields.removeAll { Self.areSame($0.name, name) }
            guard let newValue else { return }
            fields.insert((name, newValue), at: index ?? fields.endIndex)
        }
    }

    /// Adds a field after the others, whether or not the name is there already.
    public mutating func add(_ name: String, _ value: String) { fields.append((name, value)) }

    /// Every value of that name, in order.
    public func values(_ name: String) -> [String] {
        fields.filter { Self.areSame($0.name, name) }.map(\.value)
    }

    /// Joins a continuation line (obsolete line folding) to the last field.
    mutating func extendLast(by text: String) {
        guard let last = fields.indices.last else { return }
        fields[last].value += fields[last].value.isEmpty ? text : " " + text
    }

    /// Header names are ASCII; bytes beyond it compare as they are.
    private static func areSame(_ one: String, _ other: String) -> Bool {
        one.utf8.count == other.utf8.count && zip(one.utf8, other.utf8).allSatisfy { lowercased($0) == lowercased($1) }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
}

extension HTTPHeaders: RandomAccessCollection {
    public var startIndex: Int { fields.startIndex }
    public var endIndex: Int { fields.endIndex }
    public subscript(position: Int) -> Field { fields[position] }
}

extension HTTPHeaders: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, String)...) {
        self.init(elements.map { (name: $0.0, value: $0.1) })
    }
}

extension HTTPHeaders: Equatable {
    /// The same fields in the same order.
    public static func == (one: HTTPHeaders, other: HTTPHeaders) -> Bool {
        one.elementsEqual(other) { areSame($0.name, $1.name) && $0.value == $1.value }
    }
}

extension HTTPHeaders: CustomStringConvertible {
    /// For logs: values that are credentials are left out.
    public var description: String {
        fields.map { "\($0.name): \(Self.isSecret($0.name) ? "(hidden)" : $0.value)" }.joined(separator: ", ")
    }

    private static func isSecret(_ name: String) -> Bool {
        ["authorization", "proxy-authorization", "cookie", "set-cookie"].contains { areSame($0, name) }
    }
}
