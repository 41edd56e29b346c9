import FoundationEssentials
import GRDB

extension HistorySession {
    /// Stores an event unless the node is so already; tells whether it stored any.
    @discardableResult
    package func record(_ record: NodeEventRecord) throws -> Bool {
        let node = try nodeID(record.node)
        let row = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT target, labels, heard FROM nodes WHERE id = ?"), arguments: [node])
        let isTarget = (row?[0] as Int64?) == 1
        let isHeard = (row?[2] as Int64?) == 1
        switch record.event {
        case .joined(let labels), .labelsChanged(let labels):
            let text = try LabelText.encode(labels)
            if isTarget && text == row?[1] { return false }
            try run("UPDATE nodes SET target = 1, left_at = NULL, labels = ? WHERE id = ?", [text, node])
            try insert(isTarget ? .labelsChanged : .joined, node: node, at: record.at, labels: text)
        case .left:
            // Should the node come back, nothing is known of it until it reports.
            if isHeard {
                try run("UPDATE nodes SET heard = 0 WHERE id = ?", [node])
                try insert(.silent, node: node, at: record.at)
            }
            if !isTarget { return isHeard }
            try run("UPDATE nodes SET target = 0, left_at = ? WHERE id = ?", [record.at, node])
            try insert(.left, node: node, at: record.at)
        case .silent:
            if !isHeard { return false }
            try run("UPDATE nodes SET heard = 0 WHERE id = ?", [node])
            try insert(.silent, node: node, at: record.at)
        case .heard:
            if isHeard { return false }
            try run("UPDATE nodes SET heard = 1 WHERE id = ?", [node])
            try insert(.heard, node: node, at: record.at)
        }
        return true
    }

    private func insert(_ kind: NodeEventCode, node: Int64, at: Int64, labels: String? = nil) throws {
        try run(
            "INSERT INTO node_events (node_id, kind, at, labels) VALUES (?, ?, ?, ?)",
            [node, kind.rawValue, at, labels])
    }
}

/// Labels as JSON with sorted keys, so that equal labels are equal texts.
package enum LabelText {
    static func encode(_ labels: [String: String]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(labels), as: UTF8.self)
    }

    package static func decode(_ text: String?) throws -> [String: String] {
        guard let text else { return [:] }
        return try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
    }
}
