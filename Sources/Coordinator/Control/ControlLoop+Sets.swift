import Cluster
import History
import ImageSets
import Planning
import Reporting
import Shared

extension ControlLoop {
    /// The image sets beside `default` are these from now on, the oldest first. Nothing that failed before is hurried.
    package func use(sets: [ImageSet]) {
        if setsDue != nil {
            setsDue = nil
            outbox.needsComparison = true
        }
        guard sets != self.sets else { return }
        self.sets = sets
        roster = nil
        guard let configuration else { return }
        let served = fleet.servedNodes
        let transitions = fleet.adopt(configuration, sets: sets, isEdit: false, at: clock.now)
        for node in served { wakeAgent(of: node) }
        serve(after: transitions, at: clock.now)
        signal.yield()
    }

    /// Somebody looks for further image sets: until they are known, or for a minute, history isn't told that there are none.
    package func expectSets() { setsDue = clock.now + 60 }

    /// Whether the sets are all that there are.
    var areSetsKnown: Bool { setsDue.map { $0 <= clock.now } ?? true }

    /// The references of all sets, as history names them. What only further sets list is pulled by agents alone.
    var listedReferences: Set<String> {
        let images = isRestricted ? configuration?.images ?? [] : listedImages
        return Set(images.map(\.reference.written))
    }

    /// Tells agents and history which cells a new list of images made, and which it ended. An image that goes from one set
    /// to another on a node is there all the while.
    ///
    /// - Parameter transitions: what adopting the list said.
    func serve(after transitions: [Transition], at now: Timestamp) {
        guard let configuration else { return }
        var told = transitions
        if !sets.isEmpty || !fleet.servedNodes.isEmpty {
            let (nodes, begun) = fleet.serve(
                Roster(cluster, scheduling: configuration.scheduling, sets: sets), at: now)
            for node in nodes { wakeAgent(of: node) }
            let kept = Set(begun.lazy.filter { $0.to != nil }.map { [$0.node, $0.reference] })
            if !kept.isEmpty { told.removeAll { $0.to == nil && kept.contains([$0.node, $0.reference]) } }
            told += begun
        }
        tell(told)
    }

    /// Tells agents and history what sets want by a new roster.
    func serve(_ roster: Roster, at now: Timestamp) {
        let (nodes, transitions) = fleet.serve(roster, at: now)
        for node in nodes { wakeAgent(of: node) }
        if !isRestricted { tell(transitions) }
    }

    /// Tells history which sets there are and which nodes each is for, where that isn't as it was told last.
    func noteSets(_ roster: Roster, at now: Timestamp) {
        guard nodesSynced, areSetsKnown, let configuration else { return }
        var note = SetNote(
            sets: sets.map { set in
                let listing = set.listing
                return SetNote.Entry(
                    name: set.name,
                    list: RecordedSet.List(
                        images: listing.images.map { .init(name: $0.name, reference: $0.reference.written) },
                        isHeld: listing.isHeld), nodes: roster.nodes(of: set.name))
            })
        if !sets.isEmpty {
            note.excluded = Set(
                members.keys.filter { cluster.nodes[$0].map { !configuration.scheduling.selects($0) } ?? false })
        }
        guard note != toldSets else { return }
        toldSets = note
        tell([.sets(note, at: now)])
    }

    /// The images that sets list, as reports name them.
    package var listedImages: [ImageEntry] {
        configuration.map { SetCells.images(of: SetCells.listings($0, sets)) } ?? []
    }

    /// How much of some sets is there, in their order; nil before there's a first accepted revision and a first list of the
    /// cluster.
    package func coverage(of sets: [ImageSet]) -> [CoverageReport]? {
        guard let snapshot = snapshot() else { return nil }
        let roster = Roster(snapshot.cluster, scheduling: snapshot.configuration.scheduling, sets: sets)
        return sets.map { CoverageReport(of: $0, on: roster.nodes(of: $0.name), in: snapshot) }
    }

    /// Whether agents pull: without them, nothing can be pulled that no pod names.
    package var hasAgents: Bool { configuration.map { $0.runtimeSocket != RuntimeSocket.none } ?? true }
}
