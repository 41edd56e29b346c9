import Formatting
import GRDB

/// Reads what a listener hasn't heard yet.
package enum EventQuery {
    /// One event of the stream.
    package struct Item: Sendable {
        package var position: EventPosition
        package var content: Content

        /// Its kind, as the stream has it.
        package var name: String {
            switch content {
            case .reset: "reset"
            case .revision: "revision"
            case .transition: "transition"
            }
        }
    }

    package enum Content: Sendable {
        /// What the listener has heard is no base for what follows.
        case reset
        /// - Parameters:
        ///   - number: nil for an edit that was rejected.
        ///   - at: milliseconds since 1970.
        case revision(number: Int64?, at: Int64)
        case transition(StoredTransition)
    }

    package static func newest(_ db: Database) throws -> EventPosition {
        // Not the greatest id that there is: retention may have dropped it.
        let given = "SELECT seq FROM sqlite_sequence WHERE name = 'transitions'"
        return EventPosition(
            transition: try Int64.fetchOne(
                db.cachedStatement(sql: given)) ?? 0,
            revision: try Int64.fetchOne(
                db.cachedStatement(sql: "SELECT max(id) FROM revisions")) ?? 0)
    }

    /// What a listener is told that knows more than there is (the database is another one, such as a backup), or that
    /// missed what retention has dropped since.
    package static func reset(to newest: EventPosition) -> Item {
        Item(position: newest, content: .reset)
    }

    /// Revisions first, then transitions, each in the order of their commits; a reset alone where some are no more.
    package static func following(
        _ position: EventPosition, imageSet: String, limit: Int, _ db: Database
    ) throws -> [Item] {
        let (transition, revision) = (position.transition, position.revision)
        guard try !HistoryGap.follows(transition: transition, revision: revision, imageSet: imageSet, db) else {
            return [reset(to: try newest(db))]
        }
        var position = position
        var items: [Item] = []
        let revisions = try Row.fetchCursor(
            db.cachedStatement(
                sql: "SELECT id, number, at FROM revisions WHERE id > ? AND image_set = ? ORDER BY id LIMIT 50"),
            arguments: [position.revision, imageSet])
        while let row = try revisions.next() {
            position.revision = row[0]
            items.append(Item(position: position, content: .revision(number: row[1], at: row[2])))
        }
        for transition in try TransitionQuery.following(position.transition, limit: limit, db) {
            position.transition = transition.id
            items.append(Item(position: position, content: .transition(transition)))
        }
        return items
    }
}
