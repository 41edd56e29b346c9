import GRDB

/// The state of every cell at one moment, a byte a cell: half a million of them take half a megabyte, and a few dozen
/// kilobytes in the database, where neighbours mostly have the same state.
package struct CellGrid: Sendable, Equatable {
    /// By the image's number, then by the node's. Missing ones are `CellCode.none`.
    package private(set) var columns: [Int64: [CellCode]] = [:]

    /// Numbers of nodes are given one after another; a greater one than this is a damaged database.
    static let maximumNode: Int64 = 1 << 24

    subscript(image image: Int64, node node: Int64) -> CellCode {
        guard let column = columns[image], column.indices.contains(Int(node)) else { return .none }
        return column[Int(node)]
    }

    mutating func set(_ code: CellCode, image: Int64, node: Int64) throws {
        guard (0...Self.maximumNode).contains(node) else { throw Self.damage }
        columns[image, default: []].set(code, at: Int(node))
    }

    /// Forgets the cells of all other nodes.
    mutating func keep(nodes: Set<Int64>) {
        for (image, var column) in columns {
            for node in column.indices where column[node] != .none && !nodes.contains(Int64(node)) {
                column[node] = .none
            }
            let end = column.lastIndex { $0 != .none }.map { $0 + 1 } ?? 0
            column.removeLast(column.count - end)
            columns[image] = column.isEmpty ? nil : column
        }
    }

    /// Cells that exist.
    var count: Int { columns.values.reduce(0) { $0 + $1.count { $0 != .none } } }

    private static let damage = DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a keyframe can't be read")
}

extension [CellCode] {
    fileprivate mutating func set(_ code: CellCode, at index: Int) {
        if index >= count { append(contentsOf: repeatElement(.none, count: index + 1 - count)) }
        self[index] = code
    }
}

/// State and reason of one cell in a byte: the state in the lower three bits, the reason above them.
package struct CellCode: Sendable, Hashable {
    var byte: UInt8

    package static let none = CellCode(byte: 0)

    package init(byte: UInt8) { self.byte = byte }

    init(state: Int64, reason: Int64) { byte = UInt8(truncatingIfNeeded: state & 7 | (reason & 31) << 3) }

    package var state: RecordedState { RecordedState(rawValue: Int64(byte & 7)) ?? .none }
    package var reason: RecordedReason { RecordedReason(rawValue: Int64(byte >> 3)) ?? .unknown }
}

// MARK: As bytes

extension CellGrid {
    /// Run-length encoded: for each image its number, how many runs follow, and the runs as length and code. Numbers
    /// are LEB128.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for (image, column) in columns.sorted(by: { $0.key < $1.key }) {
            var runs: [UInt8] = []
            var count = 0
            var start = 0
            while start < column.count {
                let code = column[start]
                var end = start + 1
                while end < column.count, column[end] == code { end += 1 }
                runs.append(number: end - start)
                runs.append(code.byte)
                count += 1
                start = end
            }
            bytes.append(number: Int(image))
            bytes.append(number: count)
            bytes += runs
        }
        return bytes
    }

    init(bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let image = rest.takeNumber(), let runs = rest.takeNumber() else { throw Self.damage }
            var column: [CellCode] = []
            for _ in 0..<runs {
                guard let length = rest.takeNumber(), let code = rest.popFirst(),
                    column.count + length <= Int(Self.maximumNode) + 1
                else { throw Self.damage }
                column.append(contentsOf: repeatElement(CellCode(byte: code), count: length))
            }
            columns[Int64(image)] = column
        }
    }
}

extension [UInt8] {
    mutating func append(number: Int) {
        var rest = UInt(bitPattern: number)
        while rest > 0x7F {
            append(UInt8(truncatingIfNeeded: rest | 0x80))
            rest >>= 7
        }
        append(UInt8(rest))
    }
}

extension ArraySlice<UInt8> {
    /// Nil for what no number is, or none that we wrote.
    mutating func takeNumber() -> Int? {
        var number = 0
        for shift in stride(from: 0, through: 35, by: 7) {
            guard let byte = popFirst() else { return nil }
            number |= Int(byte & 0x7F) << shift
            if byte < 0x80 { return number }
        }
        return nil
    }
}
