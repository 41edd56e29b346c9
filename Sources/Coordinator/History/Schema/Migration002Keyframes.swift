import GRDB

/// Keyframes: the state of all cells at some moments, so that another moment takes one keyframe and the few
/// transitions after it instead of all that ever happened.
enum Migration002Keyframes {
    static let name = "002 keyframes"

    static func migrate(_ db: Database) throws {
        try db.execute(
            sql: """
                -- A keyframe holds what the transitions up to last_id made of the cells; none of those is later than
                -- latest. The transitions between the keyframe before it and this one aren't before earliest.
                -- states: see CellGrid. cells: how many there are.
                CREATE TABLE keyframes (
                    id INTEGER PRIMARY KEY, last_id INTEGER NOT NULL, latest INTEGER NOT NULL,
                    earliest INTEGER NOT NULL, cells INTEGER NOT NULL, states BLOB NOT NULL);
                """)
    }
}
