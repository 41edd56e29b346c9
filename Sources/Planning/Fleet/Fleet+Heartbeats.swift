import Cluster
import ImageSets
import Shared

extension Fleet {
    /// Takes the intervals of a revision, for the fleet as large as it is.
    mutating func setIntervals(_ configuration: Configuration) {
        isHeartbeatSet = configuration.reportIntervalSeconds != nil
        pollSeconds = configuration.pollSeconds
        heartbeatSeconds = configuration.heartbeatSeconds(nodes: size)
        silenceSeconds = Double(3 * heartbeatSeconds)
        comingSilence = nil
    }

    /// So many nodes are to report: how often they do when nothing happens follows from it, unless somebody has set it.
    ///
    /// Every node gets another assignment when it does.
    ///
    /// - Returns: whether agents are to be told at once, because they are to speak more often than they do.
    public mutating func resize(to nodes: Int, at now: Timestamp) -> Bool {
        size = nodes
        guard !isHeartbeatSet, !ReportInterval.fits(heartbeatSeconds, nodes: nodes) else { return false }
        let former = heartbeatSeconds
        heartbeatSeconds = ReportInterval.heartbeatSeconds(nodes: nodes)
        let silence = Double(3 * heartbeatSeconds)
        if silence >= silenceSeconds {
            comingSilence = nil
            setSilence(silence)
        } else {
            comingSilence = (silence, now + silenceSeconds)
        }
        for name in Array(self.nodes.keys) { renewAssignment(of: name) }
        return heartbeatSeconds < former
    }

    /// To be called now and then: a shorter silence counts once all agents know of it.
    mutating func settleSilence(at now: Timestamp) {
        guard let coming = comingSilence, now >= coming.from else { return }
        comingSilence = nil
        setSilence(coming.seconds)
    }

    private mutating func setSilence(_ seconds: Double) {
        silenceSeconds = seconds
        for name in Array(nodes.keys) { noteKnown(name) }
    }
}

extension Fleet {
    /// Takes a report that says that nothing changed since the one before.
    ///
    /// - Parameters:
    ///   - inventoryAge: of the newest listing of the runtime's images, in milliseconds.
    ///   - now: when it came.
    public mutating func hear(
        _ name: String, sequence: UInt64, inventoryAge: UInt64, capacityBytes: UInt64, freeBytes: UInt64,
        at now: Timestamp
    ) {
        guard let place = nodes.index(forKey: name), sequence > nodes.values[place].lastSequence,
            nodes.values[place].hasInventory
        else { return }
        nodes.values[place].lastSequence = sequence
        nodes.values[place].lastReport = now
        nodes.values[place].inventoryAt = now.earlier(byMilliseconds: inventoryAge)
        if nodes.values[place].imageFilesystem.freeBytes != freeBytes
            || nodes.values[place].imageFilesystem.capacityBytes != capacityBytes
        {
            nodes.values[place].imageFilesystem.capacityBytes = capacityBytes
            nodes.values[place].imageFilesystem.freeBytes = freeBytes
        }
        let node = nodes.values[place]
        slots.know(node.slot, until: knownUntil(node), listedAt: node.inventoryAt)
    }

    /// Whether a report without news, pulls and attempts changes nothing of a node but what ``hear(_:sequence:inventoryAge:capacityBytes:freeBytes:at:)``
    /// notes.
    public func isQuiet(_ name: String) -> Bool {
        guard let node = nodes[name] else { return false }
        return node.hasInventory && node.runtime.listed && node.orders.isEmpty && node.releasedAt == nil
            && !ending.values.contains { $0.node == name }
    }
}
