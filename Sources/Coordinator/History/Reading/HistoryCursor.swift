/// A place in a list that is sorted by time, newest first; ids break ties.
package struct HistoryCursor: Sendable, Hashable, Codable, LosslessStringConvertible {
    var at: Int64
    var id: Int64

    init(at: Int64, id: Int64) {
        self.at = at
        self.id = id
    }

    /// Reads what `description` wrote: `<time>-<id>`.
    package init?(_ description: String) {
        let parts = description.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let at = Int64(parts[0]), let id = Int64(parts[1]) else { return nil }
        self.init(at: at, id: id)
    }

    package var description: String { "\(at)-\(id)" }
}

/// One page of a list, and where the next one begins.
package struct HistoryPage<Item: Sendable>: Sendable {
    package var items: [Item]
    /// Nil when this is the last page.
    package var next: HistoryCursor?

    package init(items: [Item], next: HistoryCursor?) {
        self.items = items
        self.next = next
    }
}

/// Which rows are wanted; nil and empty mean any.
package struct HistoryFilter: Sendable, Hashable {
    var node: String?
    package var image: String?
    /// References as history names them; nil: any.
    package var images: [String]?
    /// The first and the last moment, both included. Milliseconds since 1970, by the coordinator's clock.
    var since: Int64?
    var until: Int64?

    package init(node: String? = nil, image: String? = nil, since: Int64? = nil, until: Int64? = nil) {
        self.node = node
        self.image = image
        self.since = since
        self.until = until
    }
}
