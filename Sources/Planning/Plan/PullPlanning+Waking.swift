import Cluster
import RegistryPacing
import Shared

extension PullPlanning {
    /// When cells, trials, circuits and refreshes are due that aren't now.
    func lookAgain(_ plan: inout Plan) {
        var soonest = Int64.max
        func consider(_ moment: Timestamp?) {
            guard let moment, moment > now else { return }
            soonest = min(soonest, moment.milliseconds)
        }
        for pace in fleet.experience.registries.values {
            consider(pace.pausedUntil)
            consider(pace.circuit.nextProbe)
        }
        for trial in fleet.experience.trials.values {
            consider(trial.nextAttempt)
            consider(trial.nextQuestion)
        }
        for (_, order) in fleet.orders {
            consider(passes(order))
            consider(fleet.hangs(order))
        }
        for refresh in fleet.experience.refreshes.values {
            consider(refresh.nextCheck)
            for wait in refresh.waits.values { consider(wait) }
        }
        for column in fleet.references.indices {
            wanting(column, among: fleet.index.failed[column]).forEach { slot in
                consider(failure(slot, column)?.nextAttempt)
            }
            guard fleet.references[column].isMutable else { continue }
            let present = wanting(column, among: fleet.index.present[column])
            for platform in able.indices where present.intersects(able[platform]) {
                let key = key(column, platform)
                if fleet.experience.refreshes[key] == nil { consider(fleet.firstCheck(of: key, now: now)) }
            }
        }
        for pull in fleet.ending.values { consider(pull.until) }
        for pull in fleet.experience.kubeletPulls.values where !pull.isProven { consider(pull.nextTry) }
        if let adopted = fleet.adoptedAt { consider(adopted + fleet.silenceSeconds) }
        if soonest < Int64.max { plan.lookAgain(at: Timestamp(milliseconds: soonest)) }
    }
}
