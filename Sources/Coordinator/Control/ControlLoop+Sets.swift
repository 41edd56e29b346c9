import Cluster
import History
import ImageSets
import Planning
import Reporting
import Shared
import Supervision

extension ControlLoop {
    /// The prefetches are these from now on, the oldest first. Nothing that failed before is hurried.
    package func use(prefetches sets: [ImageSet]) {
        found(.prefetches)
        guard sets != prefetches else { return }
        prefetches = sets
        adoptSets(isEdit: false)
    }

    /// The held sets beside `default` are these from now on, the oldest first.
    package func use(held sets: [ImageSet]) {
        found(.held)
        guard sets != held else { return }
        note(held: sets)
        adoptSets(isEdit: true)
    }

    /// What is known of DaemonSets goes with their sets.
    func note(held sets: [ImageSet]) {
        found(.held)
        let names = Set(sets.map(\.name))
        for former in held where !names.contains(former.name) {
            let pods = Array(cluster.pods.of(former.name))
            followedPods.forget(former.name, in: &cluster)
            // Another agent of the node works at once.
            for pod in pods {
                reports.close(pod.node)
                reviewAgents(afterChangeOf: pod, isGone: true)
            }
            daemonSets[former.name] = nil
            forgetPullPods(of: former.name)
        }
        for name in names where daemonSets[name] == nil { daemonSets[name] = DaemonSetState() }
        held = sets
        roster = nil
    }

    /// All that are beside `default`, with images named as pods name them.
    var sets: [ImageSet] { heldSets + prefetches }

    /// Those of them that are held.
    var heldSets: [ImageSet] {
        held.map { set in
            (daemonSets[set.name].map { set.named(by: $0.admittedImages) } ?? set).pinned(to: pins[set.name])
        }
    }

    /// Chooses the nodes of held sets that want so many of them.
    func renewPins() {
        var chosen: [String: [String]] = [:]
        for set in held where set.count != nil {
            chosen[set.name] = set.choose(of: cluster.nodes.values, from: []).sorted()
        }
        guard chosen != pins else { return }
        pins = chosen
        guard let pinsChanged else { return }
        Task { await pinsChanged() }
    }

    /// The nodes that a held set's DaemonSet is for, where it wants so many of them; nil: they aren't known yet.
    func pinnedNodes(of set: String) -> [String]? {
        guard nodesSynced else { return nil }
        // What is chosen may be of nodes, or of sets, that have changed since.
        if roster == nil { renewPins() }
        return pins[set]
    }

    /// Whoever keeps the DaemonSets wants to know when other nodes are chosen.
    package func onPinChange(_ body: @escaping @Sendable () async -> Void) { pinsChanged = body }

    func adoptSets(isEdit: Bool) {
        roster = nil
        guard let configuration else { return }
        hearHeartbeats()
        let served = fleet.servedNodes
        let transitions = fleet.adopt(configuration, sets: sets, isEdit: isEdit, at: clock.now)
        if isEdit { wakeAgents() } else { for node in served { wakeAgent(of: node) } }
        serve(after: transitions, at: clock.now)
        noteListed()
        notePods()
        signal.yield()
    }

    /// What a held set's DaemonSet is made from, with images named as pods name them; nil: there's no such set.
    package func configuration(of set: String) -> Configuration? {
        set == ImageSet.defaultName ? configuration : sets.first { $0.name == set }?.configuration
    }

    /// The held sets beside `default` whose pods are known.
    var knownSets: [HeldSet] {
        sets.compactMap { set in
            guard let configuration = set.configuration, followedPods.listed.contains(set.name),
                let state = daemonSets[set.name]
            else { return nil }
            return HeldSet(
                name: set.name, configuration: configuration, template: state.template,
                successor: state.plannedSuccessor)
        }
    }

    /// The set on whose nodes another image of ours is tried: the first one that selects any.
    var trialSet: String {
        guard let roster, !roster.selectsAny(ImageSet.defaultName) else { return ImageSet.defaultName }
        return held.first { roster.selectsAny($0.name) }?.name ?? ImageSet.defaultName
    }

    /// Which of our own images a set's template is to have: others than that of the trial get what has proven to work.
    func agentImage(of set: String) -> String? {
        set == trialSet ? agentImageTrial.current : agentImageTrial.proven ?? agentImageTrial.current
    }

    // MARK: Telling

    /// Somebody looks for further image sets: until all are found, or for a minute, history isn't told that there are none.
    package func expectSets() { awaitedSets = (Set(SetSource.allCases), clock.now + 60) }

    private func found(_ source: SetSource) {
        guard awaitedSets?.sources.remove(source) != nil, awaitedSets?.sources.isEmpty == true else { return }
        awaitedSets = nil
        outbox.needsComparison = true
    }

    /// Whether the sets are all that there are.
    var areSetsKnown: Bool { awaitedSets.map { $0.until <= clock.now } ?? true }

    /// Whether the DaemonSets of all sets are followed.
    package var areDaemonSetsKnown: Bool {
        areSetsKnown && held.allSatisfy { followedPods.sources[$0.name] != nil }
    }

    /// The references of all sets, as history names them. What nothing holds is pulled by agents alone.
    var listedReferences: Set<String> {
        guard let configuration else { return [] }
        let sets = isRestricted ? sets.filter { $0.configuration != nil } : sets
        return Set(SetCells.images(of: SetCells.listings(configuration, sets)).map(\.reference.written))
    }

    /// Has history end the cells of images that aren't listed any more. It may know some of nodes that this run hasn't heard,
    /// too: were they kept, an image that comes back to a list would have there what it had long ago.
    func noteListed() {
        let listed = listedReferences
        if areSetsKnown, !formerReferences.isSubset(of: listed) { tell([.onlyImages(listed, at: clock.now)]) }
        formerReferences = listed
    }

    /// Tells agents and history which cells a new list of images made, and which it ended. An image that goes from one set
    /// to another on a node is there all the while.
    ///
    /// - Parameter transitions: what adopting the list said.
    func serve(after transitions: [Transition], at now: Timestamp) {
        guard let configuration else { return }
        var told = transitions
        if cluster.isSynced, !sets.isEmpty || fleet.isServing {
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

    /// The names of all image sets, `default` first.
    package var setNames: [String] { [ImageSet.defaultName] + sets.map(\.name) }

    /// The images that sets list, as reports name them.
    package var listedImages: [ImageEntry] {
        configuration.map { SetCells.images(of: SetCells.listings($0, sets)) } ?? []
    }

    /// How much of some sets is there, in their order; nil before there's a first accepted revision and a first list of the
    /// cluster.
    package nonisolated func coverage(of sets: [ImageSet]) async -> [CoverageReport]? {
        // In a large cluster it takes long: nobody has to wait for it.
        guard let snapshot = await snapshot() else { return nil }
        let roster = Roster(snapshot.cluster, scheduling: snapshot.configuration.scheduling, sets: sets)
        return sets.map { set in
            // Of a set that is held its own pods tell, too.
            snapshot.sets.contains(set) && set.configuration != nil
                ? CoverageReport(snapshot, by: .image, set: set.name)
                : CoverageReport(of: set, on: roster.nodes(of: set.name), in: snapshot)
        }
    }

    /// How far some held sets are, by name: on all of their nodes, and on those of them that are ready.
    ///
    /// - Returns: nil as above.
    func progress(of names: Set<String>) -> [String: SetProgress]? {
        guard let snapshot = snapshot() else { return nil }
        let chosen = sets.filter { names.contains($0.name) && $0.configuration != nil }
        guard !chosen.isEmpty else { return [:] }
        let roster = Roster(snapshot.cluster, scheduling: snapshot.configuration.scheduling, sets: chosen)
        return chosen.reduce(into: [:]) { progress, set in
            let nodes = roster.nodes(of: set.name)
            let ready = nodes.filter { snapshot.cluster.nodes[$0]?.isReady == true }
            let whole = CoverageReport(of: set, on: nodes, in: snapshot)
            progress[set.name] = SetProgress(
                whole: whole,
                ready: ready.count == nodes.count ? whole : CoverageReport(of: set, on: ready, in: snapshot),
                agentImage: set.configuration?.agentImage)
        }
    }

    /// Whether agents pull: without them, nothing can be pulled that no pod names.
    package var hasAgents: Bool { configuration.map { $0.runtimeSocket != RuntimeSocket.none } ?? true }
}

/// Where image sets beside `default` come from.
package enum SetSource: Sendable, CaseIterable {
    case held
    case prefetches
}
