import Logging
import Planning
import Shared

extension ControlLoop {
    /// Logs the begin and the end of a registry's trouble. What it is probed with meanwhile fails a thousand times an hour.
    func logCircuits() {
        let open = Set(fleet.experience.outages.keys)
        guard open != openCircuits else { return }
        for registry in open.subtracting(openCircuits).sorted() {
            logger.warning(
                "a registry fails on many nodes: until it answers, one node at a time asks",
                metadata: ["registry": "\(registry)"])
        }
        for registry in openCircuits.subtracting(open).sorted() {
            logger.notice("a registry answers again, or isn't needed any more", metadata: ["registry": "\(registry)"])
        }
        openCircuits = open
    }

    /// Attempts without those that are neither logged nor stored.
    func withoutProbes(_ attempts: [Fleet.FinishedAttempt]) -> [Fleet.FinishedAttempt] {
        attempts.filter { !isProbe($0) }
    }

    /// Whether an attempt only asked, in vain, if a registry answers again.
    private func isProbe(_ attempt: Fleet.FinishedAttempt) -> Bool {
        guard attempt.reason?.blamesRegistry == true,
            let registry = (try? ImageReference(attempt.reference))?.registry
        else { return false }
        return fleet.experience.isProbe(of: registry, begun: attempt.started)
    }
}
