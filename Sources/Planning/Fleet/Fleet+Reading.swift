import Cluster
import Shared

/// Questions of reports, which look at many cells at once.
extension Fleet {
    /// What a node's agent told last.
    public struct Reading: Sendable {
        /// The node's cells, in the order of ``Fleet/listedColumns``; nil while they are unknown.
        public var row: CellRow?
        /// When the runtime's images were last listed.
        public var inventoryAt: Timestamp?
    }

    public func reading(of name: String, now: Timestamp) -> Reading {
        reading(slot: slots.numbers[name] ?? Self.noSlot, now: now)
    }

    // MARK: Many nodes

    /// What stands for a node that was never heard.
    private static let noSlot = -1

    /// Small numbers that stand for nodes, as long as the fleet has the same ``slotVersion``.
    public func slots(of names: some Sequence<String>) -> [Int] { names.map { slots.numbers[$0] ?? Self.noSlot } }

    /// Another one whenever ``slots(of:)`` may say something else.
    public var slotVersion: Int { slots.version }

    public func reading(slot: Int, now: Timestamp) -> Reading {
        guard slots.rows.indices.contains(slot) else { return Reading() }
        return Reading(
            row: slots.knownUntil[slot] >= now.milliseconds ? slots.rows[slot] : nil, inventoryAt: slots.listedAt[slot])
    }

    /// An image of some node's runtime, as far as plans and reports need it.
    public struct ListedImage: Sendable, Hashable {
        /// The digest of its configuration.
        public var id: String
        /// Bytes, as the runtime counts.
        public var size: UInt64
        public var digests: [String]
        /// Its size is that of unpacked layers (CRI-O), not of compressed ones.
        public var isUnpacked: Bool

        init(_ record: ImageCatalogue.Record) {
            (id, size, digests, isUnpacked) = (record.id, record.size, record.digests, record.isUnpacked)
        }

        /// Whether the content is the same, whatever the runtimes call it: one configuration, or one manifest or index,
        /// from whichever repository.
        public func isSame(as other: Self) -> Bool {
            id == other.id || !hashes.isDisjoint(with: other.hashes)
        }

        /// Of its manifests and indexes, without the repositories.
        public var hashes: Set<Substring> {
            Set(digests.compactMap { text in text.lastIndex(of: "@").map { text[text.index(after: $0)...] } })
        }
    }

    /// Which nodes have an image that a reference names, whether it's listed or not. Nodes that are unknown are left
    /// out.
    public func holders(of reference: ImageReference, now: Timestamp) -> [String: ListedImage] {
        let matching = catalogue.matching(reference)
        guard !matching.isEmpty else { return [:] }
        var holders: [String: ListedImage] = [:]
        for (name, node) in nodes where isKnown(node, now: now) {
            holders[name] = matching.first { node.inventory[$0.key] != nil }?.value
        }
        return holders
    }

    /// Nodes whose runtime reads a reference that is written short otherwise than as the image which is cached for it: pods that
    /// use the short name there get something else, or nothing.
    public func misreaders(of reference: ImageReference, now: Timestamp) -> [String] {
        guard reference.isShort, let column = column(of: reference) else { return [] }
        return nodes.lazy.filter { _, node in
            isKnown(node, now: now) && node.resolved.indices.contains(column) && node.resolved[column] >= 0
                && catalogue.record(node.resolved[column])?.misread.contains(reference.written) == true
        }.map(\.key).sorted()
    }

    /// The columns of references under which nodes have different images; for those a tag has moved, or nodes are of
    /// several platforms.
    public var columnsWithSeveralImages: Set<Int> {
        var images: [Int32: ListedImage] = [:]
        var several: Set<Int> = []
        for index in catalogue.indices {
            guard let image = catalogue.record(index).map(ListedImage.init) else { continue }
            for column in catalogue.columns(index) {
                if images[column].map({ !$0.isSame(as: image) }) ?? false { several.insert(Int(column)) }
                images[column] = images[column] ?? image
            }
        }
        return several
    }

    /// The image that one of the wanted references resolves to on a node.
    public func image(of name: String, column: Int) -> ListedImage? {
        guard let resolved = nodes[name]?.resolved, resolved.indices.contains(column), resolved[column] >= 0 else {
            return nil
        }
        return catalogue.record(resolved[column]).map(ListedImage.init)
    }

    /// A node's orders under way, oldest first.
    public func orders(of name: String) -> [PullOrder] {
        (nodes[name]?.orders.values ?? [:].values).sorted { $0.assignedAt < $1.assignedAt }
    }

    /// A node's failures by normalised reference.
    public func failures(of name: String) -> [String: Failure] { nodes[name]?.failures ?? [:] }
}

extension ImageCatalogue {
    func matching(_ reference: ImageReference) -> [Index: Fleet.ListedImage] {
        var found: [Index: Fleet.ListedImage] = [:]
        for index in indices {
            guard let record = record(index), record.answers(to: reference) else { continue }
            found[index] = Fleet.ListedImage(record)
        }
        return found
    }
}
