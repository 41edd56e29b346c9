/// How far a listener has come: the newest transition and the newest revision that it knows.
package struct EventPosition: Sendable, Equatable, LosslessStringConvertible {
    package var transition: Int64
    package var revision: Int64

    package init(transition: Int64, revision: Int64) {
        self.transition = transition
        self.revision = revision
    }

    package init?(_ description: String) {
        guard let cursor = HistoryCursor(description), cursor.at >= 0, cursor.id >= 0 else { return nil }
        self.init(transition: cursor.at, revision: cursor.id)
    }

    package var description: String { "\(transition)-\(revision)" }

    package func isAhead(of other: EventPosition) -> Bool {
        transition > other.transition || revision > other.revision
    }
}
