import Planning
import Shared

extension ControlLoop {
    // MARK: Telling

    func tell(_ transitions: [Transition]) { tell(transitions.map { .transition($0) }) }

    func tell(_ facts: [HistoryFact]) {
        guard outbox.add(facts) else { return }
        Task { await writeOut() }
    }

    private func writeOut() async {
        while let facts = outbox.next() { await history.record(facts) }
    }

    /// Whether all that was told is written.
    var isHistoryWritten: Bool { outbox.facts.isEmpty && !outbox.isWriting }

    // MARK: Nodes

    /// Tells which nodes became target nodes, are none any more, or have other labels.
    func noteMembers(of configuration: Configuration, at now: Timestamp) {
        guard nodesSynced else { return }
        for name in members.keys {
            guard let node = cluster.nodes[name], configuration.scheduling.selects(node) else {
                leave(name)
                continue
            }
        }
        for node in cluster.nodes.values where configuration.scheduling.selects(node) {
            guard members[node.name] != node.labels else { continue }
            members[node.name] = node.labels
            tell([.target(node: node.name, labels: node.labels, at: now)])
            // A node that is selected again may have reported all the while, or have fallen silent.
            noteSilence(of: node.name, at: now)
            noteHeard(node.name, at: now)
        }
    }

    /// The node is no target node any more; when it comes back, it has to be heard first.
    func leave(_ name: String) {
        noteSilence(of: name, at: clock.now)
        let wasReachable = reachable.remove(name) != nil
        if members.removeValue(forKey: name) != nil {
            tell([.left(node: name, at: clock.now)])
        } else if wasReachable {
            // Agents of nodes that are no targets are heard too.
            tell([.silent(node: name, at: clock.now)])
        }
    }

    /// A node is heard when its cells can be believed: a report without a list of images says nothing of them.
    func noteHeard(_ name: String, at now: Timestamp) {
        guard isHeard(name, at: now) else {
            // Its agent began anew, or what its news is built on was lost: unknown from now on, not when it's silent.
            if reachable.remove(name) != nil { tell([.silent(node: name, at: now)]) }
            return
        }
        if reachable.insert(name).inserted { tell([.heard(node: name, at: now)]) }
    }

    private func isHeard(_ name: String, at now: Timestamp) -> Bool {
        if isRestricted { return podLedger.isHeard(name) }
        return fleet.nodes[name].map { fleet.isKnown($0, now: now) } ?? false
    }

    /// Tells which nodes have fallen silent. Whoever changes what a node's silence follows from asks first, or the time
    /// that it was silent until then would never be told.
    func noteSilence(at now: Timestamp) {
        for name in reachable { noteSilence(of: name, at: now) }
    }

    func noteSilence(of name: String, at now: Timestamp) {
        guard reachable.contains(name), !isHeard(name, at: now) else { return }
        reachable.remove(name)
        // The first moment at which the live report says unknown.
        let node = isRestricted ? nil : fleet.nodes[name]
        let until = node.flatMap { fleet.knownUntil($0) }.map { $0 + 0.001 } ?? now
        tell([.silent(node: name, at: min(until, now))])
    }

    // MARK: Mending

    /// Makes history agree with what is so, where that is needed: when a run begins (nodes may have left and images
    /// may have gone from the list while nobody watched), and after history lost something.
    ///
    /// To be called every few seconds.
    func mendHistory() async {
        if await history.takeGap() { outbox.needsComparison = true }
        guard outbox.needsComparison, let asked = configuration, nodesSynced else { return }
        let references = Set(asked.images.map(\.reference.written))
        guard let belief = await history.belief(listed: references) else { return }
        // From here on nothing is awaited: what is told now is so.
        guard let configuration, configuration.images == asked.images else { return }
        outbox.needsComparison = false
        let now = clock.now
        noteMembers(of: configuration, at: now)
        var facts: [HistoryFact] = members.sorted { $0.key < $1.key }.map {
            .target(node: $0.key, labels: $0.value, at: now)
        }
        for node in belief.targets where members[node] == nil { facts.append(.left(node: node, at: now)) }
        for cell in belief.cells {
            facts.append(
                .transition(Transition(node: cell.node, reference: cell.image, from: cell.state, to: nil, at: now)))
        }
        let present = isRestricted ? podLedger.present(at: now) : fleet.present(at: now)
        facts += present.map { .transition($0) }
        facts += reachable.sorted().map { .heard(node: $0, at: now) }
        tell(facts)
    }
}
