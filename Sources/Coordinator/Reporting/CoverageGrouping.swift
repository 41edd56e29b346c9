import Cluster
import Planning

/// By what a coverage report is sliced.
package enum CoverageGrouping: Sendable, Equatable, CustomStringConvertible {
    case image
    case node
    case zone
    /// Each image set: a cell that several sets want is in the slices of all of them.
    case set
    case label(String)
    /// One slice of all cells.
    case all

    /// Reads `image`, `node`, `zone`, `set`, `label:KEY` or `all`.
    package init?(_ text: String) {
        switch text {
        case "image": self = .image
        case "node": self = .node
        case "zone": self = .zone
        case "set": self = .set
        case "all": self = .all
        default:
            guard text.hasPrefix("label:"), text.count > "label:".count else { return nil }
            self = .label(String(text.dropFirst("label:".count)))
        }
    }

    package var description: String {
        switch self {
        case .image: "image"
        case .node: "node"
        case .zone: "zone"
        case .set: "set"
        case .label(let key): "label:\(key)"
        case .all: "all"
        }
    }

    /// Whether a slice depends on the labels of nodes.
    package var needsLabels: Bool {
        switch self {
        case .zone, .label: true
        case .image, .node, .set, .all: false
        }
    }

    /// How many slices these nodes make, where that depends on them; else 0.
    package func slices(of nodes: [NodeView]) -> Int {
        switch self {
        case .image, .set, .all: 0
        case .node: nodes.count
        case .zone, .label: Set(nodes.lazy.compactMap { slice(node: $0.name, labels: $0.labels) }).count
        }
    }

    /// The slice that all cells of a node belong to; nil when each image or each set is a slice.
    func slice(node name: String, labels: [String: String]) -> String? {
        switch self {
        case .image, .set: nil
        case .node: name
        case .zone: labels[Self.zoneLabel] ?? "(no zone)"
        case .label(let key): labels[key] ?? "(no \(key))"
        case .all: "all"
        }
    }

    private static let zoneLabel = "topology.kubernetes.io/zone"
}
