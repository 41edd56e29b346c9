import FoundationEssentials
import GRDB

/// A WHERE clause in the making. The texts are ours alone; what users say is bound.
struct HistoryWhere {
    private var terms: [String] = []
    private(set) var arguments = StatementArguments()

    var sql: String { terms.isEmpty ? "" : "WHERE " + terms.joined(separator: " AND ") }

    mutating func add(_ term: String, _ values: [(any DatabaseValueConvertible)?] = []) {
        terms.append(term)
        arguments += StatementArguments(values)
    }

    /// The terms that all lists have. `time` and `id` are the columns that the list is sorted by.
    mutating func add(_ filter: HistoryFilter, time: String, id: String, after: HistoryCursor?) throws {
        if let node = filter.node { add("node_id = (SELECT id FROM nodes WHERE name = ?)", [node]) }
        if let image = filter.image { add("image_id = (SELECT id FROM images WHERE reference = ?)", [image]) }
        if let images = filter.images {
            let list = String(decoding: try JSONEncoder().encode(images), as: UTF8.self)
            add(
                "image_id IN (SELECT id FROM images WHERE reference IN (SELECT value FROM json_each(?)))", [list])
        }
        if let since = filter.since { add("\(time) >= ?", [since]) }
        if let until = filter.until { add("\(time) <= ?", [until]) }
        if let after { add("(\(time), \(id)) < (?, ?)", [after.at, after.id]) }
    }
}
