/// Facts on their way to history, in the order in which they happened.
///
/// Many things happen at once, and each has its own await: only a queue with one writer keeps a cell's transitions in
/// order. It is bounded, because a disk may hang.
struct HistoryOutbox: Sendable {
    /// A fleet of 5,000 nodes and 50 images makes 250,000 transitions when its first reports come.
    static let capacity = 500_000
    /// Facts that are written at once: others wait for them, attempts that an agent wants acknowledged among them.
    static let blockSize = 2000
    /// Nodes whose state is told at once; with 100 images it's a block.
    private static let nodesAtOnce = 20

    /// What the writer does next.
    enum Work: Sendable, Equatable {
        case write([HistoryFact])
        /// Everything that is told is written: now it's these nodes' turn to have their state told.
        case tell([String])
    }

    /// In blocks, so that each gives its memory back when it's written.
    private var blocks: [[HistoryFact]] = []
    private var count = 0
    /// Nodes whose state has to be told anew, the next one last.
    private var nodes: [String] = []
    /// Whether somebody writes: then there must be no second one.
    private(set) var isWriting = false
    /// Facts were lost, here or in the store, or this run hasn't compared notes with history yet: the present state
    /// has to be told anew.
    var needsComparison = true

    var isEmpty: Bool { count == 0 && nodes.isEmpty }

    /// - Returns: whether the caller has to begin writing.
    mutating func add(_ new: some Sequence<HistoryFact>) -> Bool {
        for fact in new {
            if blocks.last.map({ $0.count >= Self.blockSize }) ?? true { blocks.append([]) }
            blocks[blocks.count - 1].append(fact)
            count += 1
        }
        if count > Self.capacity {
            blocks = []
            count = 0
            needsComparison = true
        }
        return begin()
    }

    /// Has the state of nodes told when all else is written. It is asked for only then: a fleet's cells would be too
    /// many to wait here.
    ///
    /// - Returns: whether the caller has to begin writing.
    mutating func tellLater(_ names: some Sequence<String>) -> Bool {
        nodes = Set(nodes).union(names).sorted(by: >)
        return begin()
    }

    private mutating func begin() -> Bool {
        guard !isWriting, !isEmpty else { return false }
        isWriting = true
        return true
    }

    /// What is to be done next; nil when there's nothing, and the writer ends.
    mutating func next() -> Work? {
        if !blocks.isEmpty {
            let block = blocks.removeFirst()
            count -= block.count
            return .write(block)
        }
        guard !nodes.isEmpty else {
            isWriting = false
            return nil
        }
        let names = Array(nodes.suffix(Self.nodesAtOnce).reversed())
        nodes.removeLast(names.count)
        return .tell(names)
    }
}
