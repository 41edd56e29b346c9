import Cluster
import History
import ImageSets
import Planning
import Shared
import Supervision

extension ControlLoop {
    // MARK: Telling

    func tell(_ transitions: [Transition]) {
        // Of a node that changes too often the state is told, later.
        let told = untold.isEmpty ? transitions : transitions.filter { !untold.contains($0.node) }
        tell(told.map { .transition($0) })
    }

    func tell(_ facts: [HistoryFact]) {
        guard outbox.add(facts) else { return }
        Task { await writeOut() }
    }

    private func writeOut() async {
        while let work = outbox.next() {
            switch work {
            case .write(let facts): await history.record(facts)
            // Nothing happens between asking what is so and handing it over, so later facts come after it.
            case .tell(let names): await history.record(state(of: names, at: clock.now))
            }
        }
    }

    /// Whether all that was told is written.
    var isHistoryWritten: Bool { outbox.isEmpty && !outbox.isWriting }

    // MARK: Nodes

    /// Tells which nodes became target nodes, are none any more, or have other labels.
    func noteMembers(_ roster: Roster, at now: Timestamp) {
        guard nodesSynced else { return }
        let targets = sets.reduce(into: roster.nodes(of: ImageSet.defaultName)) {
            $0.formUnion(roster.nodes(of: $1.name))
        }
        for name in members.keys where !targets.contains(name) { leave(name) }
        for name in targets {
            guard let node = cluster.nodes[name], members[name] != node.labels else { continue }
            members[name] = node.labels
            tell([.target(node: name, labels: node.labels, at: now)])
            // A node that is selected again may have reported all the while, or have fallen silent.
            noteSilence(of: name, at: now)
            noteHeard(name, at: now)
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
            if reachable.contains(name), mayTell(1, of: name) {
                reachable.remove(name)
                tell([.silent(node: name, at: now)])
            }
            return
        }
        if !reachable.contains(name), mayTell(1, of: name) {
            reachable.insert(name)
            tell([.heard(node: name, at: now)])
        }
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
    package func mendHistory() async {
        hearHeartbeats()
        if await history.takeGap() { outbox.needsComparison = true }
        let due = takeTellable()
        for name in due {
            noteSilence(of: name, at: clock.now)
            noteHeard(name, at: clock.now)
        }
        if !due.isEmpty, outbox.tellLater(due) { Task { await writeOut() } }
        guard outbox.needsComparison, let configuration, nodesSynced, areSetsKnown else { return }
        outbox.needsComparison = false
        let now = clock.now
        let roster = roster ?? Roster(cluster, scheduling: configuration.scheduling, sets: sets)
        noteMembers(roster, at: now)
        toldSets = nil
        noteSets(roster, at: now)
        tell([
            .onlyTargets(Set(members.keys), at: now),
            .onlyImages(listedReferences, at: now),
        ])
        guard outbox.tellLater(Set(members.keys).union(reachable)) else { return }
        Task { await writeOut() }
    }

    /// All that is so of nodes.
    private func state(of names: [String], at now: Timestamp) -> [HistoryFact] {
        names.flatMap { name -> [HistoryFact] in
            var facts: [HistoryFact] = []
            if let labels = members[name] { facts.append(.target(node: name, labels: labels, at: now)) }
            let cells = isRestricted ? podLedger.present(on: name, at: now) : fleet.present(on: name, at: now)
            facts += cells.map { .transition($0) }
            if reachable.contains(name) { facts.append(.heard(node: name, at: now)) }
            return facts
        }
    }
}
