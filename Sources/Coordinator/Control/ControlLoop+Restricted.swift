import Cluster
import History
import ImageSets
import Planning
import Supervision
import Telemetry

/// Restricted mode: pod statuses are what agents' reports are otherwise.
extension ControlLoop {
    var isRestricted: Bool { configuration?.runtimeSocket == RuntimeSocket.none }

    /// Looks at the pods of nodes, after anything about them has changed, and tells what is other than before.
    ///
    /// - Parameter names: nil: of every node.
    func notePods(of names: [String]? = nil) {
        guard isRestricted, let configuration, cluster.isSynced else { return }
        let now = clock.now
        let images = PodImages(configuration, sets).images
        for name in names ?? cluster.nodes.keys.sorted() {
            let news = podLedger.look(
                at: name, cluster.nodes[name], pods: cluster.pods.living(on: name), images: images, now: now)
            tell(news.transitions)
            noteHeard(name, at: now)
            guard !news.attempts.isEmpty else { continue }
            for attempt in attemptTally.new(news.attempts) { Instruments.attempt(attempt) }
            logFailures(news.attempts)
            Task { [history] in _ = await history.commit(news.attempts) }
        }
    }

    /// Agents came, or went: what the others said counts no more.
    func changeWitnesses() {
        for name in reachable.sorted() { tell([.silent(node: name, at: clock.now)]) }
        reachable = []
        podLedger = PodLedger()
        for name in fleet.nodes.keys.sorted() { fleet.remove(node: name, at: clock.now) }
        outbox.needsComparison = true
    }
}
