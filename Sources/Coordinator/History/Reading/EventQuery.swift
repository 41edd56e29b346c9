import FoundationEssentials
import GRDB
import Planning

/// Reads what a listener hasn't heard yet.
enum EventQuery {
    /// One event of the stream.
    struct Item: Sendable {
        var position: EventRoutes.Position
        var name: String
        var data: String

        /// As the stream has it.
        var text: String { "event: \(name)\nid: \(position)\ndata: \(data)\n\n" }
    }

    static func newest(_ db: Database) throws -> EventRoutes.Position {
        // Not the greatest id that there is: retention may have dropped it.
        let given = "SELECT seq FROM sqlite_sequence WHERE name = 'transitions'"
        return EventRoutes.Position(
            transition: try Int64.fetchOne(db, sql: given) ?? 0,
            revision: try Int64.fetchOne(db, sql: "SELECT max(id) FROM revisions") ?? 0)
    }

    /// What a listener is told that knows more than there is (the database is another one, such as a backup), or that
    /// missed what retention has dropped since.
    static func reset(to newest: EventRoutes.Position) -> Item {
        Item(position: newest, name: "reset", data: "{}")
    }

    /// Revisions first, then transitions, each in the order of their commits; a reset alone where some are no more.
    static func following(
        _ position: EventRoutes.Position, imageSet: String, limit: Int, _ db: Database
    ) throws -> [Item] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let (transition, revision) = (position.transition, position.revision)
        guard try !HistoryGap.follows(transition: transition, revision: revision, imageSet: imageSet, db) else {
            return [reset(to: try newest(db))]
        }
        var position = position
        var items: [Item] = []
        let revisions = try Row.fetchCursor(
            db, sql: "SELECT id, number, at FROM revisions WHERE id > ? AND image_set = ? ORDER BY id LIMIT 50",
            arguments: [position.revision, imageSet])
        while let row = try revisions.next() {
            position.revision = row[0]
            let event = RevisionEvent(
                revision: row[1], accepted: row[1] as Int64? != nil,
                at: Timestamp(milliseconds: row[2]).rfc3339)
            items.append(
                Item(
                    position: position, name: "revision",
                    data: String(decoding: try encoder.encode(event), as: UTF8.self)))
        }
        for transition in try TransitionQuery.following(position.transition, limit: limit, db) {
            position.transition = transition.id
            let data = try encoder.encode(TransitionList.Item(transition))
            items.append(Item(position: position, name: "transition", data: String(decoding: data, as: UTF8.self)))
        }
        return items
    }

    private struct RevisionEvent: Encodable {
        var revision: Int64?
        var accepted: Bool
        var at: String
    }
}
