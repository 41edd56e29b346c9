import ImageSets
import Planning
import Shared
import Supervision

/// Which cells there are at one moment, of the present or of the past: what each image set lists, and which nodes it is for.
///
/// Every report asks here, so that all of them count the same. A column is a reference, whoever lists it: entries of
/// `default` come first, in their order, then what other sets list besides, as in the fleet. A cell is there where a set
/// that lists the column's reference selects the node.
package struct SetCells: Sendable {
    /// What one set lists.
    package struct Listing: Sendable, Hashable {
        package var name: String
        package var images: [ImageEntry]
        /// Whether containers of a DaemonSet hold its images.
        package var isHeld: Bool

        package init(name: String, images: [ImageEntry], isHeld: Bool = true) {
            self.name = name
            self.images = images
            self.isHeld = isHeld
        }
    }

    /// One set's columns.
    struct Part: Sendable {
        var name: String
        /// Positions in ``SetCells/images``, in the order of its list.
        var columns: [Int]
        /// Of its own DaemonSet, for each of those.
        var containers: [String]
        var isHeld: Bool
    }

    /// What nodes have in common that the same sets select.
    struct Kind: Sendable {
        /// Positions in ``SetCells/sets``.
        var sets: [Int]
        /// By column; nil: all of them are wanted.
        var isWanted: [Bool]?
        /// Columns that no set holds, though one wants them.
        var loose: [Int] = []
        /// By column: the containers that are to hold it, of whichever set. In restricted mode nothing else tells of an image.
        var places: [[HoldingPlace]] = []

        func wants(_ column: Int) -> Bool { isWanted.map { $0[column] } ?? true }
    }

    /// The columns. No two have one name: where sets give one to different images, a later set's stands behind its own name
    /// and a slash.
    package private(set) var images: [ImageEntry]
    /// `default` first, then the others as they are listed.
    private(set) var sets: [Part]
    /// The fleet's columns of ``images``; nil: the first ones, in their order.
    private var fleetColumns: [Int]?
    private(set) var kinds: [Kind]
    /// By node; empty: all are of the first kind.
    private var kindOfNode: [Int] = []

    /// - Parameters:
    ///   - listings: `default` first.
    ///   - selects: whether a set, by its position among them, is for a node, by its number.
    package init(_ listings: [Listing], nodes: Int, selects: (_ set: Int, _ node: Int) -> Bool) {
        (images, sets) = Self.columns(listings)
        kinds = []
        guard listings.count > 1 else {
            kinds = [kind(of: Array(sets.indices))]
            return
        }
        var known: [[Int]: Int] = [:]
        kindOfNode.reserveCapacity(nodes)
        for node in 0..<nodes {
            let selecting = listings.indices.filter { selects($0, node) }
            let number = known[selecting] ?? kinds.count
            if number == kinds.count {
                known[selecting] = number
                kinds.append(kind(of: selecting))
            }
            kindOfNode.append(number)
        }
        if kinds.isEmpty { kinds = [kind(of: [])] }
    }

    /// The columns of some sets, and each set's own.
    package static func images(of listings: [Listing]) -> [ImageEntry] {
        listings.count == 1 ? listings[0].images : columns(listings).images
    }

    private static func columns(_ listings: [Listing]) -> (images: [ImageEntry], sets: [Part]) {
        var images: [ImageEntry] = []
        var parts: [Part] = []
        var positions: [String: Int] = [:]
        var names: Set<String> = []
        for (number, listing) in listings.enumerated() {
            var columns: [Int] = []
            var containers: [String] = []
            var own: Set<Int> = []
            for entry in listing.images {
                // Two entries of `default` with one reference are two columns.
                if number > 0, let known = positions[entry.reference.normalised] {
                    guard own.insert(known).inserted else { continue }
                    columns.append(known)
                    containers.append(entry.container)
                    continue
                }
                var entry = entry
                if names.contains(entry.name) {
                    let container = entry.container
                    entry.name = "\(listing.name)/\(entry.name)"
                    entry.container = container
                }
                names.insert(entry.name)
                if positions[entry.reference.normalised] == nil { positions[entry.reference.normalised] = images.count }
                own.insert(images.count)
                columns.append(images.count)
                containers.append(entry.container)
                images.append(entry)
            }
            parts.append(
                Part(name: listing.name, columns: columns, containers: containers, isHeld: listing.isHeld))
        }
        return (images, parts)
    }

    private func kind(of selecting: [Int]) -> Kind {
        var isWanted = [Bool](repeating: false, count: images.count)
        var isHeld = isWanted
        for set in selecting {
            for column in sets[set].columns {
                isWanted[column] = true
                if sets[set].isHeld { isHeld[column] = true }
            }
        }
        var places = [[HoldingPlace]](repeating: [], count: images.count)
        // A set that selects the node no more can have its pod there still.
        for set in sets where set.isHeld {
            for (column, container) in zip(set.columns, set.containers) {
                places[column].append(HoldingPlace(set: set.name, container: container))
            }
        }
        return Kind(
            sets: selecting, isWanted: isWanted.allSatisfy(\.self) ? nil : isWanted,
            loose: images.indices.filter { isWanted[$0] && !isHeld[$0] }, places: places)
    }

    // MARK: Questions

    /// The kind of a node, by its number.
    func kind(_ node: Int) -> Int { kindOfNode.isEmpty ? 0 : kindOfNode[node] }

    /// The names of the sets that are for a node.
    func sets(of node: Int) -> [String] { kinds[kind(node)].sets.map { sets[$0].name } }

    /// The fleet's column of one of the images.
    func fleetColumn(_ column: Int) -> Int { fleetColumns.map { $0[column] } ?? column }

    /// The image that is in a column of the fleet; nil: it is none of these.
    func column(ofFleet fleetColumn: Int) -> Int? {
        guard let fleetColumns else { return images.indices.contains(fleetColumn) ? fleetColumn : nil }
        return fleetColumns.firstIndex(of: fleetColumn)
    }

    /// The sets that list one of the images.
    func sets(listing column: Int) -> [String] { sets.filter { $0.columns.contains(column) }.map(\.name) }

    /// Those that are for nodes of a kind, by their positions.
    func sets(listing column: Int, kind: Int) -> [Int] {
        kinds[kind].sets.filter { sets[$0].columns.contains(column) }
    }

    // MARK: Parts of it

    /// The same of some of the nodes.
    func keeping(nodes: [Int]) -> SetCells {
        var copy = self
        if !kindOfNode.isEmpty { copy.kindOfNode = nodes.map { kindOfNode[$0] } }
        return copy
    }

    /// What one set wants, and the numbers of the nodes that it is for, out of so many; nothing, when there's no such set.
    func slice(_ name: String, nodes: Int) -> (cells: SetCells, nodes: [Int]) {
        var copy = self
        guard let set = sets.firstIndex(where: { $0.name == name }) else {
            (copy.images, copy.sets, copy.fleetColumns, copy.kinds, copy.kindOfNode) = (
                [], [], [], [Kind(sets: [])], []
            )
            return (copy, [])
        }
        let part = sets[set]
        copy.images = part.columns.map { images[$0] }
        copy.fleetColumns = part.columns.map(fleetColumn)
        copy.sets = [
            Part(
                name: name, columns: Array(copy.images.indices), containers: part.containers, isHeld: part.isHeld)
        ]
        copy.kinds = kinds.map { kind in
            Kind(
                sets: kind.sets.contains(set) ? [0] : [], loose: part.isHeld ? [] : Array(copy.images.indices),
                places: part.columns.map { kind.places[$0] })
        }
        let chosen = (0..<nodes).filter { kinds[kind($0)].sets.contains(set) }
        return (copy.keeping(nodes: chosen), chosen)
    }

    /// What some of the sets want, by their positions, and the numbers of the nodes that any of them is for, out of so many.
    func keeping(sets kept: [Int], nodes: Int) -> (cells: SetCells, nodes: [Int]) {
        let columns = Set(kept.flatMap { sets[$0].columns }).sorted()
        let positions = Dictionary(uniqueKeysWithValues: columns.enumerated().map { ($1, $0) })
        var copy = self
        copy.images = columns.map { images[$0] }
        copy.fleetColumns = columns.map(fleetColumn)
        copy.sets = kept.map { set in
            var part = sets[set]
            part.columns = part.columns.compactMap { positions[$0] }
            return part
        }
        copy.kinds = kinds.map { kind in copy.kind(of: kept.indices.filter { kind.sets.contains(kept[$0]) }) }
        let chosen = (0..<nodes).filter { !copy.kinds[kind($0)].sets.isEmpty }
        return (copy.keeping(nodes: chosen), chosen)
    }

    // MARK: Rows

    /// The cells of a node, in the order of ``images``.
    ///
    /// - Parameter row: all columns of the fleet.
    func row(_ row: CellRow, kind: Int) -> CellRow {
        let isWanted = kinds[kind].isWanted
        if let fleetColumns {
            return CellRow(
                fleetColumns.enumerated().map { column, fleetColumn in
                    isWanted?[column] == false ? .unwanted : Self.state(row, fleetColumn)
                })
        }
        return CellRow(
            images.indices.map { isWanted?[$0] == false ? .unwanted : Self.state(row, $0) })
    }

    /// Unknown where the fleet has no such column.
    private static func state(_ row: CellRow, _ column: Int) -> CellState {
        row.states.indices.contains(column) ? row.states[column] : .unknown
    }

    /// Whether the fleet's row is a node's as it is.
    func isWhole(_ row: CellRow, kind: Int) -> Bool {
        fleetColumns == nil && kinds[kind].isWanted == nil && row.states.count == images.count
    }

    /// The cells of a node of which nothing is known.
    func unknownRow(kind: Int) -> CellRow {
        CellRow(images.indices.map { kinds[kind].wants($0) ? .unknown : .unwanted })
    }
}
