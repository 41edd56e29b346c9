import Cluster
import History
import ImageSets
import Planning
import Reporting

extension ControlLoop {
    /// The image sets beside `default` are these from now on, the oldest first. Nothing that failed before is hurried.
    package func use(sets: [ImageSet]) {
        guard sets != self.sets else { return }
        self.sets = sets
        roster = nil
        guard let configuration else { return }
        // Those that are to have something from now on are told with the next plan.
        let served = fleet.servedNodes
        tell(fleet.adopt(configuration, sets: sets, isEdit: false, at: clock.now))
        for node in served { wakeAgent(of: node) }
        signal.yield()
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
