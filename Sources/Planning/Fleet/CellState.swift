import Cluster

/// What is known of one image on one node.
public enum CellState: UInt8, Sendable, Hashable, Codable, CaseIterable {
    /// The node's report is too old to say, or there's none yet.
    case unknown = 0
    /// Absent, with no attempt yet.
    case missing = 1
    case pulling = 2
    /// The last attempt failed and another is due.
    case failed = 3
    /// The runtime resolves the reference to a complete image.
    case present = 4
    /// Present, and a container uses exactly that image.
    case held = 5
    /// No image set wants the image on this node: it isn't a cell, and counts nowhere.
    case unwanted = 6

    public var isPresent: Bool { self == .present || self == .held }

    /// Whether the image is known not to be there, though it is wanted.
    public var isAbsent: Bool { self == .missing || self == .pulling || self == .failed }

    /// The word of reports and of the API.
    public var word: String {
        switch self {
        case .unknown: "unknown"
        case .missing: "missing"
        case .pulling: "pulling"
        case .failed: "failed"
        case .present: "present"
        case .held: "held"
        case .unwanted: "none"
        }
    }
}

/// A change of state of one (node, image) cell: what history is made of.
public struct Transition: Sendable, Equatable {
    public var node: String
    /// The image entry's reference, as the user wrote it.
    public var reference: String
    public var from: CellState
    /// Nil: there is no such cell any more, because the image left the list.
    public var to: CellState?
    /// Why, when `to` is failed.
    public var reason: FailureReason?
    /// Which image it is, when `to` is present.
    public var imageID: String?
    public var at: Timestamp

    public init(
        node: String, reference: String, from: CellState, to: CellState?, reason: FailureReason? = nil,
        imageID: String? = nil, at: Timestamp
    ) {
        self.node = node
        self.reference = reference
        self.from = from
        self.to = to
        self.reason = reason
        self.imageID = imageID
        self.at = at
    }
}
