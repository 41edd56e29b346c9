import Planning

/// By what a coverage report is sliced.
enum CoverageGrouping: Sendable, Equatable, CustomStringConvertible {
    case image
    case node
    case zone
    case label(String)

    /// Reads `image`, `node`, `zone` or `label:KEY`.
    init?(_ text: String) {
        switch text {
        case "image": self = .image
        case "node": self = .node
        case "zone": self = .zone
        default:
            guard text.hasPrefix("label:"), text.count > "label:".count else { return nil }
            self = .label(String(text.dropFirst("label:".count)))
        }
    }

    var description: String {
        switch self {
        case .image: "image"
        case .node: "node"
        case .zone: "zone"
        case .label(let key): "label:\(key)"
        }
    }

    /// The slice that a cell belongs to.
    func slice(image: ImageEntry, node: NodeView) -> String {
        switch self {
        case .image: image.name
        case .node: node.name
        case .zone: node.zone ?? "(no zone)"
        case .label(let key): node.labels[key] ?? "(no \(key))"
        }
    }
}
