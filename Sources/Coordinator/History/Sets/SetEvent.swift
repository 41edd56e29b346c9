import FoundationEssentials
import GRDB

/// A change of image sets: what their history is made of.
enum SetEvent: Sendable, Hashable {
    /// These are all sets beside `default`, in their order. Others have gone; a new one lists nothing and is for no node.
    case sets([String])
    /// What a set lists.
    case list(String, RecordedSet.List)
    /// Nodes that a set is for now, and others that it isn't for any more. Nil: `default`, which is for all target nodes
    /// of which nothing else was said.
    case nodes(String?, entered: Set<Int64>, left: Set<Int64>)
}

// MARK: In the database

/// The codes are never changed or given a new meaning.
extension SetEvent {
    private enum Kind: Int64 {
        case sets = 1
        case list = 2
        case nodes = 3
    }

    var kind: Int64 {
        switch self {
        case .sets: Kind.sets.rawValue
        case .list: Kind.list.rawValue
        case .nodes: Kind.nodes.rawValue
        }
    }

    var name: String? {
        switch self {
        case .sets: nil
        case .list(let name, _): name
        case .nodes(let name, _, _): name
        }
    }

    /// JSON of names, or of a list; two groups of numbers.
    func content() throws -> Data {
        switch self {
        case .sets(let names): return try Self.encoder.encode(names)
        case .list(_, let list): return try Self.encoder.encode(list)
        case .nodes(_, let entered, let left):
            var bytes: [UInt8] = []
            for group in [entered, left] { bytes.append(numbers: group) }
            return Data(bytes)
        }
    }

    init(kind: Int64, name: String?, content: Data) throws {
        switch (Kind(rawValue: kind), name) {
        case (.sets, _): self = .sets(try JSONDecoder().decode([String].self, from: content))
        case (.list, let name?): self = .list(name, try JSONDecoder().decode(RecordedSet.List.self, from: content))
        case (.nodes, _):
            var rest = [UInt8](content)[...]
            guard let entered = rest.takeNumbers(), let left = rest.takeNumbers() else { throw Self.damage }
            self = .nodes(name, entered: entered, left: left)
        default: throw Self.damage
        }
    }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }

    private static let damage = DatabaseError(
        resultCode: .SQLITE_CORRUPT, message: "an event of image sets can't be read")
}

extension [UInt8] {
    /// Run-length encoded, since nodes mostly have neighbouring numbers: how many runs, and of each the distance from the end
    /// of the one before it and the length.
    fileprivate mutating func append(numbers: Set<Int64>) {
        var runs: [Range<Int64>] = []
        for number in numbers.sorted() {
            if let last = runs.last, last.upperBound == number {
                runs[runs.count - 1] = last.lowerBound..<number + 1
            } else {
                runs.append(number..<number + 1)
            }
        }
        append(number: runs.count)
        var end: Int64 = 0
        for run in runs {
            append(number: Int(run.lowerBound - end))
            append(number: run.count)
            end = run.upperBound
        }
    }
}

extension ArraySlice<UInt8> {
    fileprivate mutating func takeNumbers() -> Set<Int64>? {
        guard let runs = takeNumber() else { return nil }
        var numbers: Set<Int64> = []
        var end: Int64 = 0
        for _ in 0..<runs {
            guard let gap = takeNumber(), let length = takeNumber() else { return nil }
            let first = end + Int64(gap)
            end = first + Int64(length)
            guard end <= CellGrid.maximumNode + 1 else { return nil }
            numbers.formUnion(first..<end)
        }
        return numbers
    }
}
