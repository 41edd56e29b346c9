import Cluster
import History
import Planning
import Supervision

extension ControlLoop {
    /// Takes a node's startup taint; says whether there's nothing left to do.
    package typealias OpenGate = @Sendable (GateOpening) async -> Bool

    func open(_ openings: [GateOpening]) {
        for opening in openings {
            Task {
                let succeeded = await openGate(opening)
                gates.ended(node: opening.node, succeeded: succeeded, at: clock.now)
                signal.yield()
            }
        }
    }
}
