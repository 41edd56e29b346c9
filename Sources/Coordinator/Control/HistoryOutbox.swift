/// Facts on their way to history, in the order in which they happened.
///
/// Many things happen at once, and each has its own await: only a queue with one writer keeps a cell's transitions in
/// order. It is bounded, because a disk may hang.
struct HistoryOutbox: Sendable {
    /// A fleet of 5,000 nodes and 50 images makes 250,000 transitions when its first reports come.
    static let capacity = 500_000

    private(set) var facts: [HistoryFact] = []
    /// Whether somebody writes: then there must be no second one.
    private(set) var isWriting = false
    /// Facts were lost, here or in the store, or this run hasn't compared notes with history yet: the present state
    /// has to be told anew.
    var needsComparison = true

    /// - Returns: whether the caller has to begin writing.
    mutating func add(_ new: some Sequence<HistoryFact>) -> Bool {
        facts.append(contentsOf: new)
        if facts.count > Self.capacity {
            facts = []
            needsComparison = true
        }
        guard !isWriting, !facts.isEmpty else { return false }
        isWriting = true
        return true
    }

    /// What is to be written next; nil when there's nothing, and the writer ends.
    mutating func next() -> [HistoryFact]? {
        guard !facts.isEmpty else {
            isWriting = false
            return nil
        }
        defer { facts = [] }
        return facts
    }
}
