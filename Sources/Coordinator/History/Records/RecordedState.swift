/// The state of one cell (a node and an image) as history keeps it.
///
/// The raw values are what the database holds. They are never changed or given a new meaning.
///
/// | code | state | meaning |
/// | --- | --- | --- |
/// | 0 | none | there is no such cell: the image left the list. Cells of a node that left keep their last state, because `NodeEvent.left` tells enough |
/// | 1 | missing | absent, no attempt yet |
/// | 2 | pulling | absent, being pulled |
/// | 3 | failed | absent, the last attempt failed and another is due |
/// | 4 | present | the runtime resolves the reference; no container holds the image |
/// | 5 | held | present, and a container holds the image |
///
/// *Held* is a flag that only a present image can have, so the pair is one code: `isPresent` is true of both, and
/// sums over present count codes 4 and 5. *Unknown* isn't a state of a cell: it follows from the node's reachability
/// and the coordinator's runs, and is never written.
package enum RecordedState: Int64, Sendable, Codable, CaseIterable {
    case none = 0
    case missing = 1
    case pulling = 2
    case failed = 3
    case present = 4
    case held = 5

    /// Whether the image is in the node's runtime, held or not.
    package var isPresent: Bool { self == .present || self == .held }
}
