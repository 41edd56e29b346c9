import History
import ImageSets
import Planning
import Shared

/// The target nodes of a past moment, what history has of their cells, and which cells there were.
struct PastCells {
    /// By name, as in live reports: the examples of nodes that fail are the first ones.
    let nodes: [HistoryMoment.Node]
    /// By the positions of the nodes.
    let cells: SetCells
    /// Of all sets, whichever counts; its nodes are more.
    let whole: SetCells
    /// How many prefetches aren't counted.
    let leftOut: Int
    /// Pod statuses alone told of images: of those that containers are to hold.
    private let isRestricted: Bool
    /// By column of ``cells``, then by the nodes' numbers.
    private let codes: [[CellCode]]

    /// - Parameters:
    ///   - configuration: of the moment's revision; nil when there was none.
    ///   - selector: which nodes count, by their labels then; nil: all.
    ///   - set: which image set counts; nil: all of them.
    ///   - prefetches: whether sets count that nothing holds.
    init(
        _ moment: HistoryMoment, _ configuration: Configuration?, selector: LabelFilter? = nil, set: String? = nil,
        prefetches: Bool = true
    ) {
        var nodes = moment.nodes.sorted { $0.name < $1.name }
        if let selector { nodes.removeAll { !selector.matches($0.labels) } }
        let sets = moment.sets
        let counted = sets.sets.filter { prefetches || $0.list.isHeld }
        leftOut = sets.sets.count - counted.count
        let listings =
            [SetCells.Listing(name: ImageSet.defaultName, images: configuration?.images ?? [])]
            + counted.map(SetCells.Listing.init)
        func isSelected(_ node: HistoryMoment.Node, by set: Int) -> Bool {
            set == 0 ? !sets.excluded.contains(node.id) : counted[set - 1].nodes.contains(node.id)
        }
        if !sets.isEmpty {
            nodes.removeAll { node in !listings.indices.contains { isSelected(node, by: $0) } }
        }
        var cells = SetCells(listings, nodes: nodes.count) { set, node in isSelected(nodes[node], by: set) }
        whole = cells
        if let set {
            let slice = cells.slice(set, nodes: nodes.count)
            (cells, nodes) = (slice.cells, slice.nodes.map { nodes[$0] })
        }
        codes = cells.images.map { image in
            moment.images[image.reference.written].flatMap { moment.grid.columns[$0] } ?? []
        }
        isRestricted = configuration?.runtimeSocket == RuntimeSocket.none
        self.nodes = nodes
        self.cells = cells
    }

    /// What was recorded last; none while the node wasn't heard.
    ///
    /// - Parameter kind: of the node.
    func code(_ column: Int, of node: HistoryMoment.Node, kind: Int) -> CellCode {
        if isRestricted, cells.kinds[kind].places[column].isEmpty { return .none }
        let row = Int(node.id)
        return node.isHeard && codes[column].indices.contains(row) ? codes[column][row] : .none
    }
}
