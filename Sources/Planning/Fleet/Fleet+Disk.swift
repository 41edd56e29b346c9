import Shared

extension Fleet {
    /// The bytes that an image would take on a node's disk; nil when its size isn't known from any node.
    func expectedBytes(column: Int, node: NodeState) -> UInt64? {
        guard let size = catalogue.size(column: Int32(column)) else { return nil }
        return diskBytes(of: size, references[column], runtime: node.runtime.name, isDownload: false)
    }

    /// The bytes that an image of a known size would take on a node's disk.
    ///
    /// - Parameter isDownload: the size is what a registry sends; else what a runtime told of the image.
    public func diskBytes(of size: UInt64, _ reference: ImageReference, node: String, isDownload: Bool) -> UInt64 {
        diskBytes(of: size, reference, runtime: nodes[node]?.runtime.name ?? "", isDownload: isDownload)
    }

    /// CRI's size is of the compressed layers with containerd, which keeps those beside the unpacked ones, and of the
    /// unpacked ones with CRI-O.
    private func diskBytes(
        of size: UInt64, _ reference: ImageReference, runtime: String, isDownload: Bool
    ) -> UInt64 {
        let isCRIO = runtime.lowercased().contains("cri-o")
        if isCRIO, isDownload { return UInt64(saturating: Double(size) * 2.5) }
        return UInt64(saturating: Double(size) * (experience.unpacking[reference.normalised] ?? (isCRIO ? 1 : 3.5)))
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
