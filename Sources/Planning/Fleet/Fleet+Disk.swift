import Cluster
import ImageSets
import RegistryPacing
import Shared

extension Fleet {
    /// The bytes that an image would take on the disk of a node whose runtime tells sizes in this way; nil when its size
    /// isn't known from any node.
    func expectedBytes(column: Int, isUnpacked: Bool) -> UInt64? {
        let sizes = agreedSizes(column: column)
        if let size = sizes[isUnpacked] {
            return UInt64(saturating: Double(size) * factor(references[column], isUnpacked: isUnpacked))
        }
        // Only nodes with other runtimes have it.
        return sizes[!isUnpacked].map {
            UInt64(saturating: Double($0) * (isUnpacked ? Self.unpacked : Self.both / Self.unpacked))
        }
    }

    /// The size of an image, as nodes that have it tell it, by whether they count unpacked layers.
    private func agreedSizes(column: Int) -> [Bool: UInt64] {
        var claims: [Bool: [UInt64]] = [:]
        for slot in index.present[column].first(SizeClaims.most) {
            guard let node = slots.names[slot].flatMap({ nodes[$0] }), column < node.resolved.count,
                node.resolved[column] >= 0, let image = catalogue.record(node.resolved[column])
            else { continue }
            claims[image.isUnpacked, default: []].append(image.size)
        }
        return Dictionary(
            uniqueKeysWithValues: claims.map { ($0.key, SizeClaims.agreed($0.value, isUnpacked: $0.key)) })
    }

    /// The bytes that an image of a known size would take on a node's disk.
    ///
    /// - Parameter isDownload: the size is what a registry sends; else what a runtime of the node's kind tells.
    public func diskBytes(of size: UInt64, _ reference: ImageReference, node: String, isDownload: Bool) -> UInt64 {
        let isUnpacked = nodes[node]?.runtime.tellsUnpackedSizes ?? false
        return UInt64(
            saturating: Double(size)
                * (isUnpacked && isDownload ? Self.unpacked : factor(reference, isUnpacked: isUnpacked)))
    }

    /// Bytes on disk for each compressed one: CRI-O keeps the unpacked layers, containerd the compressed ones beside them.
    private static let (unpacked, both) = (2.5, 3.5)

    private func factor(_ reference: ImageReference, isUnpacked: Bool) -> Double {
        let usual = isUnpacked ? 1 : Self.both
        return experience.unpacking[reference.normalised]?[isUnpacked]?.factor(usual: usual) ?? usual
    }

    /// Why a node isn't asked for the tag of an image that it has: another image of that size wouldn't fit beside it. Nil:
    /// there's room, or nobody knows better.
    ///
    /// - Parameter highPercent: of the disk, at which the kubelet's garbage collection begins.
    public func shortageOfRefresh(node name: String, column: Int, highPercent: Int) -> Plan.Shortage? {
        guard let node = nodes[name], references.indices.contains(column),
            let needed = expectedBytes(column: column, isUnpacked: node.runtime.tellsUnpackedSizes)
        else { return nil }
        return shortage(of: needed, node: name, column: column, highPercent: highPercent)
    }

    /// - Parameter taken: bytes that pulls under way will take.
    func shortage(
        of needed: UInt64, node name: String, column: Int, highPercent: Int, taken: UInt64 = 0
    ) -> Plan.Shortage? {
        guard let disk = nodes[name]?.imageFilesystem, disk.capacityBytes > 0 else { return nil }
        let capacity = Double(disk.capacityBytes)
        let used = capacity - Double(min(disk.freeBytes, disk.capacityBytes))
        let left = capacity * Double(highPercent) / 100 - used - Double(taken)
        guard Double(needed) >= left else { return nil }
        return Plan.Shortage(
            node: name, reference: references[column], neededBytes: needed, availableBytes: UInt64(saturating: left))
    }

    /// A pull for which there's no room counts as failed, without an attempt.
    mutating func refuse(_ shortage: Plan.Shortage, at now: Timestamp) -> [Transition] {
        let key = shortage.reference.normalised
        guard let node = nodes[shortage.node] else { return [] }
        let message =
            "not pulled: it needs about \(Self.megabytes(shortage.neededBytes)) MB, and only "
            + "\(Self.megabytes(shortage.availableBytes)) MB are left before the kubelet's garbage collection begins "
            + "(IMAGE_GC_HIGH_PERCENT)"
        let former = node.failures[key]
        nodes[shortage.node]?.failures[key] = Failure(
            reason: .diskFull, message: message, attempts: former?.attempts ?? 0, since: former?.since ?? now,
            lastAttempt: now, nextAttempt: now + min(60, Double(retry.permanentSeconds)))
        return refreshCells(of: shortage.node, at: now)
    }

    private static func megabytes(_ bytes: UInt64) -> UInt64 { bytes.saturatingAdd(500_000) / 1_000_000 }
}

extension WireRuntime {
    /// CRI-O tells the bytes of unpacked layers as an image's size, containerd those of compressed ones.
    public var tellsUnpackedSizes: Bool { isCRIO }

    var isCRIO: Bool { name.lowercased().contains("cri-o") }
}
