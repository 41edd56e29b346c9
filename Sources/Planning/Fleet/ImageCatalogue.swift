import Shared

/// All images that any node has, each once.
///
/// Nodes of a cluster have mostly the same images, so a node's inventory is a list of small numbers, and a reference
/// is matched against an image once, not once a node.
struct ImageCatalogue: Sendable {
    /// A number that stands for an image while at least one node has it.
    typealias Index = Int32

    /// An image as a runtime describes it: the same id with other tags is another record.
    struct Record: Hashable, Sendable {
        let id: String
        let tags: [String]
        let digests: [String]
        let size: UInt64
        let isPinned: Bool
        /// References that only the runtime could resolve to it.
        let resolved: [String]
        /// `os/arch`; empty: not told.
        let platform: String
        let isArtifact: Bool
        /// Short names that are to mean it, and that the runtime reads otherwise.
        let misread: [String]
        /// What its size counts.
        let isUnpacked: Bool
        /// Of its names: a record is looked up several times, and a table of them grows.
        private let summary: Int

        init(_ image: WireImage, isUnpacked: Bool) {
            self.isUnpacked = isUnpacked
            id = Self.normalised(image.id)
            tags = image.tags
            digests = image.digests
            size = image.size
            isPinned = image.pinned
            resolved = image.resolved
            (platform, isArtifact, misread) = (image.platform, image.artifact, image.misread)
            var hasher = Hasher()
            hasher.combine(id)
            hasher.combine(tags)
            hasher.combine(digests)
            hasher.combine(size)
            summary = hasher.finalize()
        }

        func hash(into hasher: inout Hasher) { hasher.combine(summary) }

        func answers(to reference: ImageReference) -> Bool {
            reference.matches(tags: tags, digests: digests) || resolved.contains(reference.normalised)
        }

        /// CRI-O leaves the algorithm out: `HEX` is what containerd calls `sha256:HEX`.
        static func normalised(_ id: String) -> String {
            id.utf8.count == 64 && id.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
                ? "sha256:" + id : id
        }
    }

    private struct Slot: Sendable {
        var record: Record
        var users: Int
        var columns: [Int32]
    }

    private var slots: [Slot?] = []
    private var free: [Index] = []
    private var indicesByRecord: [Record: Index] = [:]
    /// By id, where there are several: one image with other names, or another size.
    private var variants: [String: [Index]] = [:]
    private var indexByID: [String: Index] = [:]
    /// The positions of the wanted references, by the names under which runtimes list them.
    private var wanted: [String: [Int32]] = [:]

    /// Counts one more user of an image.
    mutating func retain(_ image: WireImage, isUnpacked: Bool) -> Index {
        let record = Record(image, isUnpacked: isUnpacked)
        if let index = indicesByRecord[record] {
            slots[Int(index)]?.users += 1
            return index
        }
        let slot = Slot(record: record, users: 1, columns: columns(of: record))
        let index: Index
        if let reused = free.popLast() {
            index = reused
            slots[Int(index)] = slot
        } else {
            index = Index(slots.count)
            slots.append(slot)
        }
        indicesByRecord[record] = index
        if let other = indexByID[record.id] {
            variants[record.id, default: [other]].append(index)
        } else {
            indexByID[record.id] = index
        }
        return index
    }

    mutating func release(_ index: Index) {
        guard let users = slots[Int(index)]?.users else { return }
        if users > 1 {
            slots[Int(index)]?.users = users - 1
            return
        }
        guard let record = slots[Int(index)].take()?.record else { return }
        indicesByRecord[record] = nil
        if let left = variants[record.id]?.filter({ $0 != index }) {
            indexByID[record.id] = left.first
            variants[record.id] = left.count > 1 ? left : nil
        } else {
            indexByID[record.id] = nil
        }
        free.append(index)
    }

    /// Why no container of a node's platform can be made of the image, in words that are classified; nil: one can, as far
    /// as is known.
    func misfit(_ index: Index, platform: String) -> String? {
        guard let record = slots[Int(index)]?.record else { return nil }
        if record.isArtifact {
            return "unexpected manifest type: it is an OCI artifact, of which no container can be made"
        }
        guard !record.platform.isEmpty, !platform.isEmpty, record.platform != platform else { return nil }
        return "no match for platform: the image is for \(record.platform), and the node is \(platform)"
    }

    func record(_ index: Index) -> Record? { slots[Int(index)]?.record }

    /// Wanted images that are less than half as large as the same one, by id and digest, is on more nodes, and on two at
    /// least; with its size there. Nodes whose runtimes count alike are compared.
    var tooSmall: [Index: UInt64] {
        var found: [Index: UInt64] = [:]
        for indices in variants.values where indices.count <= Self.mostVariants {
            let slots = indices.compactMap { index in self.slots[Int(index)].map { (index, $0) } }
            for (index, slot) in slots where !slot.columns.isEmpty {
                let larger = slots.filter { _, other in
                    other.record.isUnpacked == slot.record.isUnpacked && other.record.size / 2 > slot.record.size
                        && !Set(other.record.digests).isDisjoint(with: slot.record.digests)
                }
                let alike = slots.filter { $0.1.record.size == slot.record.size }.reduce(0) { $0 + $1.1.users }
                let users = larger.reduce(0) { $0 + $1.1.users }
                if users >= 2, users > alike { found[index] = larger.map(\.1.record.size).min() }
            }
        }
        return found
    }

    private static let mostVariants = 64

    /// The same image with other names, or of another size.
    func otherVariants(of index: Index) -> [Index] {
        guard !variants.isEmpty, let id = slots[Int(index)]?.record.id else { return [] }
        return variants[id]?.filter { $0 != index } ?? []
    }

    var indices: Range<Index> { 0..<Index(slots.count) }

    /// Which of the wanted references the image answers to, by their position.
    func columns(_ index: Index) -> [Int32] { slots[Int(index)]?.columns ?? [] }

    /// Matches all images anew against another list of references.
    mutating func want(_ references: [ImageReference]) {
        wanted = Dictionary(
            references.indices.map { (references[$0].normalised, [Int32($0)]) }, uniquingKeysWith: +)
        for index in slots.indices {
            guard let columns = slots[index].map({ columns(of: $0.record) }) else { continue }
            slots[index]?.columns = columns
        }
    }

    /// What a runtime lists as a tag has no digest, and the other way round: see `ImageReference.matches`.
    private func columns(of record: Record) -> [Int32] {
        var found: [Int32] = []
        // Nearly none of a large inventory's names is wanted.
        for tag in record.tags {
            if let columns = wanted[tag], !tag.utf8.contains(UInt8(ascii: "@")) { found += columns }
        }
        for digest in record.digests {
            if let columns = wanted[digest], digest.utf8.contains(UInt8(ascii: "@")) { found += columns }
        }
        for name in record.resolved {
            if let columns = wanted[name] { found += columns }
        }
        return found.count > 1 ? Set(found).sorted() : found
    }

    /// The positions of wanted references that mean one image on some node.
    var sharedColumns: Set<Int> {
        slots.reduce(into: []) { shared, slot in
            if let columns = slot?.columns, columns.count > 1 { shared.formUnion(columns.lazy.map(Int.init)) }
        }
    }

    /// Of its texts.
    func bytes(_ index: Index) -> Int {
        guard let record = record(index) else { return 0 }
        return [record.tags, record.digests, record.resolved, record.misread].joined().reduce(record.id.utf8.count) {
            $0 + $1.utf8.count
        }
    }
}
