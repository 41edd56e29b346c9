import Shared

/// What a watch tells of a change.
struct WatchEvent: Sendable {
    enum Kind: String, Sendable {
        case added = "ADDED"
        case modified = "MODIFIED"
        case deleted = "DELETED"
        /// Carries no object: everything up to ``WatchEvent/resourceVersion`` has been told.
        case bookmark = "BOOKMARK"
    }

    let kind: Kind
    /// The object as it is now, or as it last was; nil for a bookmark.
    let stored: StoredObject?
    /// The version before this change; nil when the object is new. Selectors need it: an object that leaves a
    /// selection is told as deleted.
    let previous: StoredObject?
    let resourceVersion: Int

    /// The object; `null` for a bookmark.
    var object: JSONValue { stored?.value ?? .null }
}
