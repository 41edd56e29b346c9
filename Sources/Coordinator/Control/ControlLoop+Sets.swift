import Cluster
import History
import ImageSets
import Planning
import Reporting
import Supervision

extension ControlLoop {
    /// The prefetches are these from now on, the oldest first. Nothing that failed before is hurried.
    package func use(prefetches sets: [ImageSet]) {
        guard sets != prefetches else { return }
        prefetches = sets
        adoptSets(isEdit: false)
    }

    /// The held sets beside `default` are these from now on, the oldest first.
    package func use(held sets: [ImageSet]) {
        guard sets != held else { return }
        note(held: sets)
        adoptSets(isEdit: true)
    }

    /// What is known of DaemonSets goes with their sets.
    func note(held sets: [ImageSet]) {
        let names = Set(sets.map(\.name))
        for former in held where !names.contains(former.name) {
            for pod in cluster.pods.of(former.name) { reports.close(pod.node) }
            followedPods.forget(former.name, in: &cluster)
            daemonSets[former.name] = nil
            forgetPullPods(of: former.name)
        }
        for name in names where daemonSets[name] == nil { daemonSets[name] = DaemonSetState() }
        held = sets
        roster = nil
    }

    /// All that are beside `default`, with images named as pods name them.
    var sets: [ImageSet] {
        held.map { set in daemonSets[set.name].map { set.named(by: $0.admittedImages) } ?? set } + prefetches
    }

    func adoptSets(isEdit: Bool) {
        roster = nil
        guard let configuration else { return }
        hearHeartbeats()
        // Those that are to have something from now on are told with the next plan.
        let served = fleet.servedNodes
        tell(fleet.adopt(configuration, sets: sets, isEdit: isEdit, at: clock.now))
        serveSets()
        if isEdit { wakeAgents() } else { for node in served { wakeAgent(of: node) } }
        signal.yield()
    }

    /// No agent is told in between that it is to have nothing of them.
    func serveSets() {
        if let configuration, cluster.isSynced, !(held.isEmpty && prefetches.isEmpty) {
            renewRoster(configuration, at: clock.now)
        }
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
                name: set.name, configuration: configuration, template: state.template, successor: state.successor)
        }
    }

    /// The set on whose nodes another image of ours is tried: the first one that selects any.
    var trialSet: String {
        guard let roster, roster.nodes(of: ImageSet.defaultName).isEmpty else { return ImageSet.defaultName }
        return held.first { !roster.nodes(of: $0.name).isEmpty }?.name ?? ImageSet.defaultName
    }

    /// Which of our own images a set's template is to have: others than that of the trial get what has proven to work.
    func agentImage(of set: String) -> String? {
        set == trialSet ? agentImageTrial.current : agentImageTrial.proven ?? agentImageTrial.current
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
