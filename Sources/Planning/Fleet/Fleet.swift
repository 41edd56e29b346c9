import Cluster
import ImageSets
import Shared
import SwiftProtobuf

/// The in-memory truth: nodes × images, as their agents report them.
///
/// Reports go in, transitions come out. Nothing here does I/O or asks for the time: moments and chance are handed in,
/// so that a history of reports always gives the same fleet.
public struct Fleet: Sendable {
    /// The wanted references: those of the image entries, in their order, then what further sets list besides, then our
    /// own image.
    public internal(set) var references: [ImageReference] = [] {
        didSet {
            let names = references.enumerated().flatMap { column, reference in
                [(reference.normalised, column), (reference.written, column)]
            }
            columns = Dictionary(names, uniquingKeysWith: min)
        }
    }
    /// By name, normalised or as it is written: the first of its columns. A report can name a thousand.
    private(set) var columns: [String: Int] = [:]
    public internal(set) var nodes: [String: NodeState] = [:]
    /// A node is unknown when its inventory is older than this: three times ``heartbeatSeconds``.
    public internal(set) var silenceSeconds = 30.0
    /// How often an agent says at least that nothing changed.
    public internal(set) var heartbeatSeconds = ReportInterval.pollSeconds

    /// What earlier attempts taught.
    public internal(set) var experience = Experience()

    var catalogue = ImageCatalogue()
    var index = CellIndex()
    var slots = SlotTable()
    /// Of the node whose cells were something new last: the next one's are mostly the same.
    var newestRow: CellRow?
    /// Nodes whose pod may hold what a tag meant before.
    var movedNodes: Set<String> = []
    /// Pods, by their UID, that seem to hold what a tag meant before, without a refresh of ours.
    var suspectedSince: [String: Timestamp] = [:]
    /// By node and normalised reference: containers that wait for an image that is there.
    var refusals: [String: [String: Refusal]] = [:]
    /// By node and normalised reference: images of which no container can be made, and those that were mended.
    var damage: [String: [String: Damage]] = [:]
    /// By node and normalised reference: why no further container can be made of an image that one uses, so that it isn't
    /// removed and pulled again.
    public internal(set) var unusable: [String: [String: UnusableImage]] = [:]
    /// Which pods were woken lately.
    var wakeBook = WakeBook()
    /// What replaced pods left behind, by image set.
    var rollOuts: [String: RollOutBook] = [:]
    /// Seconds that the first pod of a template may be in trouble: kubelets restart what crashes after 10, 20 and 40 s.
    public var rollOutPatience = 120.0
    /// Where the orders under way are.
    var orderNodes: [UInt64: String] = [:]
    /// Pulls that were taken back, or that an earlier run ordered, until their nodes say that they have ended: the
    /// registry still serves them.
    var ending: [UInt64: EndingPull] = [:]
    /// When this run took its first revision: agents that haven't been heard since may be pulling.
    var adoptedAt: Timestamp?
    /// By normalised reference: when an earlier run had the tag asked for last.
    var askedAt: [String: Timestamp] = [:]
    /// Between two questions for a tag. Tests shorten it.
    package var cachingIntervalSeconds = 3600.0 { didSet { intervals = [:] } }
    var retry = RetryPolicy()
    var pullTimeoutSeconds: UInt32 = 1800
    var entryCount = 0
    /// Those that only further sets list, behind the entries.
    var furtherCount = 0
    /// By node: the columns that it is to have by further sets. Where `default` selects it, only those behind the entries.
    var furtherColumns: [String: [Int]] = [:] { didSet { keptGroups = nil } }
    /// ``furtherGroups`` of a ``SlotTable/version``; with another one they aren't those any more. Nil: nobody has kept them.
    private var keptGroups: (version: Int, groups: [(columns: [Int], slots: BitSet)])?

    /// Nodes that `default` doesn't select: of its entries they have what further sets list too.
    var outsiders: Set<String> = []
    /// By further set that is held: the columns of its entries, in their order.
    var heldColumns: [String: [Int]] = [:]
    /// By node: the further sets that have a pod there, or should.
    var holders: [String: [String]] = [:]
    /// By normalised reference: the interval, where further sets that are held list it.
    var intervals: [String: Double] = [:]
    var pollSeconds = ReportInterval.pollSeconds
    /// Whether the user said how often.
    var isHeartbeatSet = false
    /// Nodes whose agents report, as the heartbeat goes by them.
    var size = 0
    /// A shorter silence, and when it counts: agents that were told to speak more often may not have done so before.
    var comingSilence: (seconds: Double, from: Timestamp)?
    var desiredImages: [WireDesiredImage] = []
    var nextGeneration: UInt64
    var nextOrderID: UInt64
    /// Orders of earlier runs have smaller ids.
    public let firstOrderID: UInt64

    /// - Parameter epoch: a number that no earlier run of the coordinator used (its start in milliseconds will do):
    ///   generations and orders are counted from it, so that agents can't take old ones for new ones.
    public init(epoch: UInt64) {
        nextGeneration = epoch << 20
        nextOrderID = epoch << 20
        firstOrderID = nextOrderID + 1
    }

    /// The columns that belong to entries of `default`.
    public var entryColumns: Range<Int> { 0..<entryCount }

    /// The columns of what image sets list: all but our own image.
    public var listedColumns: Range<Int> { 0..<entryCount + furtherCount }

    /// The columns of what only further sets list.
    public var furtherSetColumns: Range<Int> { entryCount..<entryCount + furtherCount }

    /// The column of our own image, when agents are to pull it.
    public var agentImageColumn: Int? {
        references.count > furtherSetColumns.upperBound ? furtherSetColumns.upperBound : nil
    }

    /// Whether further sets want anything.
    public var isServing: Bool { !furtherColumns.isEmpty || !outsiders.isEmpty }

    /// The nodes that are to have something of further sets.
    public var servedNodes: [String] { Array(furtherColumns.keys) }

    /// ``furtherColumns`` by slot, nodes with the same columns together.
    var furtherGroups: [(columns: [Int], slots: BitSet)] {
        if let keptGroups, keptGroups.version == slots.version { return keptGroups.groups }
        var groups: [[Int]: BitSet] = [:]
        for (name, columns) in furtherColumns {
            if let slot = slots.numbers[name] { groups[columns, default: BitSet()].insert(slot) }
        }
        return groups.map { ($0.key, $0.value) }
    }

    /// Keeps them for plans to come: to go through thousands of nodes for each costs more than all the rest of a plan.
    mutating func keepFurtherGroups() {
        guard !furtherColumns.isEmpty, keptGroups?.version != slots.version else { return }
        keptGroups = (slots.version, furtherGroups)
    }

    /// The columns of a held set's entries, in their order.
    public func columns(of set: String) -> [Int] {
        set == ImageSet.defaultName ? Array(entryColumns) : heldColumns[set] ?? []
    }

    /// Whether one of the sets wants an image of a node that any of them selects.
    func isWanted(_ column: Int, of node: String) -> Bool {
        if column < entryCount ? !outsiders.contains(node) : column >= furtherSetColumns.upperBound { return true }
        return furtherColumns[node]?.contains(column) ?? false
    }

    /// The sets whose pods hold an image on a node, or should.
    func holders(of column: Int, on node: String) -> [String] {
        let isOwn = column == agentImageColumn
        let further = (holders[node] ?? []).filter { isOwn || heldColumns[$0]?.contains(column) ?? false }
        return (isOwn || column < entryCount) && !outsiders.contains(node) ? [ImageSet.defaultName] + further : further
    }

    func rollOut(of set: String) -> RollOutBook {
        var book = rollOuts[set] ?? RollOutBook()
        book.patience = rollOutPatience
        return book
    }

    /// The column of a reference, however it is written; nil: nobody wants it.
    public func column(of reference: ImageReference) -> Int? {
        columns[reference.normalised]
    }

    /// A wanted reference as the user wrote it.
    ///
    /// - Parameter name: normalised, or as it is written.
    public func written(_ name: String) -> String? { columns[name].map { references[$0].written } }

    /// Forgets a node that left the cluster.
    public mutating func remove(node name: String, at now: Timestamp) {
        dropOrders(of: name, at: now)
        movedNodes.remove(name)
        experience.forget(node: name)
        refusals[name] = nil
        furtherColumns[name] = nil
        holders[name] = nil
        outsiders.remove(name)
        damage[name] = nil
        guard let node = nodes.removeValue(forKey: name) else { return }
        for index in node.inventory.keys { catalogue.release(index) }
        for (column, state) in node.cells.enumerated() {
            index.change(slot: node.slot, column: column, from: state, to: .unknown)
        }
        slots.free(node.slot)
    }

    // MARK: Questions

    /// What is known of one image on one node at a moment.
    public func state(node name: String, column: Int, now: Timestamp) -> CellState {
        guard let node = nodes[name], isKnown(node, now: now), column < node.cells.count else { return .unknown }
        return node.cells[column]
    }

    /// Whether a node's cells can be believed: its agent has listed the images of this boot, and not too long ago.
    public func isKnown(_ node: NodeState, now: Timestamp) -> Bool {
        guard node.hasInventory, let inventoryAt = node.inventoryAt else { return false }
        return Double(now.milliseconds(since: inventoryAt)) <= silenceSeconds * 1000
    }

    /// When the node turns unknown unless another report comes.
    public func knownUntil(_ node: NodeState) -> Timestamp? {
        node.inventoryAt.map { $0 + silenceSeconds }
    }

    /// Why the newest attempt failed, while the image is neither present nor being pulled.
    public func failure(node name: String, column: Int) -> Failure? {
        guard let node = nodes[name], references.indices.contains(column) else { return nil }
        return node.failures[references[column].normalised]
    }

    /// The image that a reference resolves to on a node.
    public func imageID(node name: String, column: Int) -> String? {
        guard let node = nodes[name], node.resolved.indices.contains(column), node.resolved[column] >= 0 else {
            return nil
        }
        return catalogue.record(node.resolved[column])?.id
    }

    /// All orders under way, as (node, order).
    public var orders: [(node: String, order: PullOrder)] {
        orderNodes.sorted { $0.key < $1.key }.compactMap { id, name in
            nodes[name]?.orders[id].map { (name, $0) }
        }
    }

    /// What the coordinator wants of a node.
    public func assignment(node name: String) -> WireAssignment {
        let node = nodes[name]
        return WireAssignment.with {
            $0.generation = node?.generation ?? 0
            $0.images = outsiders.contains(name) ? [] : desiredImages
            for column in furtherColumns[name] ?? [] where references.indices.contains(column) {
                $0.images.append(
                    .with {
                        $0.reference = references[column].normalised
                        $0.shortName = references[column].isShort ? references[column].written : ""
                    })
            }
            if let column = agentImageColumn {
                $0.images.append(.with { $0.reference = references[column].normalised })
            }
            let orders = (node?.orders.values ?? [:].values).filter { $0.puller == .agent }
            $0.pulls = orders.sorted { $0.id < $1.id }.map { order in
                WirePull.with {
                    $0.id = order.id
                    $0.reference = order.reference.normalised
                    $0.timeoutSeconds = pullTimeoutSeconds
                    $0.removeFirst = order.removesFirst
                    $0.withheldCredentials = order.withheld
                }
            }
            $0.reportIntervalMs = UInt32(clamping: pollSeconds * 1000)
            $0.heartbeatIntervalMs = UInt32(clamping: heartbeatSeconds * 1000)
        }
    }
}
