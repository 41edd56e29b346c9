import Shared

extension Fleet {
    /// The bytes that an image would take on a node's disk; nil when its size isn't known from any node.
    func expectedBytes(column: Int, node: NodeState) -> UInt64? {
        guard let size = catalogue.size(column: Int32(column)) else { return nil }
        // CRI's size is of the compressed layers with containerd, which keeps those beside the unpacked ones, and of
        // the unpacked ones with CRI-O.
        let estimate = node.runtime.name.lowercased().contains("cri-o") ? 1 : 3.5
        let factor = experience.unpacking[references[column].normalised] ?? estimate
        return UInt64(Double(size) * factor)
    }

    /// A pull for which there's no room counts as failed, without an attempt.
    mutating func refuse(_ shortage: Plan.Shortage, at now: Timestamp) -> [Transition] {
        let key = shortage.reference.normalised
        guard let node = nodes[shortage.node] else { return [] }
        let message =
            "not pulled: it needs about \(Self.megabytes(shortage.neededBytes)) MB, and only "
            + "\(Self.megabytes(shortage.availableBytes)) MB are left before the kubelet's garbage collection begins "
            + "(IMAGE_GC_HIGH_PERCENT)"
        let attempts = node.failures[key]?.attempts ?? 0
        nodes[shortage.node]?.failures[key] = Failure(
            reason: .diskFull, message: message, attempts: attempts, lastAttempt: now,
            nextAttempt: now + min(60, Double(retry.permanentSeconds)))
        return refreshCells(of: shortage.node, at: now)
    }

    private static func megabytes(_ bytes: UInt64) -> UInt64 { (bytes + 500_000) / 1_000_000 }
}
