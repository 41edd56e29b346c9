import GRDB

/// A question whose answer comes in pages, newest first.
package protocol HistoryQuery: Sendable {
    associatedtype Item: PagedItem

    var filter: HistoryFilter { get set }
    /// Of one page.
    var limit: Int { get }
    /// The last item of the page before; nil: the first page is wanted.
    var after: HistoryCursor? { get set }

    func page(_ db: Database) throws -> HistoryPage<Item>
}

/// An item of such an answer.
package protocol PagedItem: Sendable {
    /// Where the page ends of which it is the last.
    var cursor: HistoryCursor { get }
}

extension HistoryPage where Item: PagedItem {
    /// - Parameter items: one more than the limit where there is another page.
    init(_ items: [Item], limit: Int) {
        self.init(items: Array(items.prefix(limit)), next: nil)
        if items.count > limit { next = self.items.last?.cursor }
    }
}

extension StoredTransition: PagedItem {
    package var cursor: HistoryCursor { HistoryCursor(at: at, id: id) }
}

extension StoredAttempt: PagedItem {
    package var cursor: HistoryCursor { HistoryCursor(at: attempt.endedAt, id: id) }
}
