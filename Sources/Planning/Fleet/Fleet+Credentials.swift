import Cluster
import RegistryPacing
import Shared

extension Fleet {
    /// Takes what an attempt says of the credentials that it was made with.
    mutating func noteCredentials(_ attempt: WireAttempt, of order: PullOrder, node name: String, at now: Timestamp) {
        guard order.puller == .agent else { return }
        let registry = order.reference.registry
        // One that fails at everything, while others succeed, speaks for itself.
        let node = experience.failsAlone(name, registry) ? name : nil
        for credential in attempt.refusedCredentials {
            experience.credentials.refused(credential, by: registry, node: node, at: now)
        }
        let shown = order.shown.filter { !attempt.refusedCredentials.contains($0) }
        guard attempt.outcome == .succeeded, !shown.isEmpty,
            experience.credentials.accepted(shown, by: registry, node: name)
        else { return }
        // Who was refused without them tries again.
        for (column, reference) in references.enumerated() where reference.registry == registry {
            index.failed[column].forEach { slot in
                guard let name = slots.names[slot], let failure = nodes[name]?.failures[reference.normalised],
                    failure.isRefused
                else { return }
                nodes[name]?.failures[reference.normalised]?.nextAttempt = min(failure.nextAttempt, now)
            }
            for key in experience.trials.keys where key.reference == reference.normalised {
                if experience.trials[key]?.isRefused == true { experience.trials[key]?.release() }
            }
        }
    }
}
