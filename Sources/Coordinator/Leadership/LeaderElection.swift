import Shared

/// One candidate's side of the election by a Lease: when to ask the API server for what, and when it may act. A value
/// without I/O; its moments are of the candidate's own clock that never steps.
///
/// Two never act at once. Who leads stops acting a renew deadline after it *began* its last successful write of the
/// Lease. Everybody else waits a whole lease duration after he *saw* the Lease change, which is after it was
/// written; and a write succeeds only on the version that its writer has seen. A Lease of this pod's own former container
/// isn't waited for: a kubelet starts a container again when the one before it has ended.
///
/// Who makes a Lease in place of one that was deleted waits a lease duration too before it acts: the former holder may not
/// have noticed yet, or, where that makes it again, somebody else who made one that was deleted as well. Nor does it give
/// such a Lease up before that: the next one would take it at once. Only a process that starts in just that moment doesn't
/// know that there was one.
package struct LeaderElection: Sendable {
    package struct Settings: Sendable, Hashable {
        /// Others leave the Lease alone for so long after its last change.
        var leaseDuration = Duration.seconds(10)
        /// Who can't renew for so long stops acting; the difference to the duration is for clocks that run apart.
        var renewDeadline = Duration.seconds(8)
        /// Pauses between two renewals are nine tenths of it or more: some 14 requests a minute, and after one that fails
        /// there's time for another.
        var renewPeriod = Duration.seconds(4.5)
        /// Pauses between all other requests are a half to three quarters of it: a dead leader's Lease, or a released one,
        /// is noticed soon enough to be taken in less than 12 s, or 3 s.
        var retryPeriod = Duration.seconds(2)
        /// A request that takes longer is given up.
        var requestTimeout = Duration.seconds(2)
    }

    enum Standing: Sendable, Hashable {
        case following
        /// Holds the Lease, and may act until that moment unless it renews.
        case leading(until: Duration)
        /// Led, and leads no more: a process in this state ends.
        case lost(Loss)
        case released
    }

    enum Loss: Sendable, Hashable {
        /// No renewal succeeded within the deadline.
        case notRenewed
        /// Another candidate holds the Lease.
        case taken(by: String)
    }

    /// What the candidate wants of the API server.
    enum Step: Sendable, Hashable {
        case wait(until: Duration)
        case read
        case create(LeaseRecord)
        /// Replaces the Lease in the version that was seen last.
        case replace(LeaseRecord, version: String)
        case end
    }

    /// What became of a request.
    enum Answer: Sendable, Hashable {
        case read(LeaseRecord, version: String)
        case absent
        /// The Lease was written as it was asked.
        case written(version: String)
        /// It wasn't: somebody else was faster.
        case conflict
        /// Nobody knows: no answer, or an error.
        case failed
    }

    private enum Target: Sendable, Hashable {
        /// The Lease has to be read first.
        case unknown
        case absent
        case version(String)
    }

    let identity: String
    /// The pod that the candidate runs in: other holders whose name is ``LeaderElector/identity(environment:)`` of the
    /// same pod are dead. Nil outside of pods.
    let pod: String?
    let settings: Settings
    private(set) var standing = Standing.following
    /// The Lease as it was seen last.
    private(set) var record: LeaseRecord?
    /// What the next write is for.
    private var target = Target.unknown
    /// The version that was seen last, and when it was seen first.
    private var seen: (version: String, at: Duration)?
    /// Whether the Lease that it makes takes the place of one that is gone.
    private var replacesVanished = false
    /// A leader doesn't act before.
    private var actsFrom = Duration.zero
    private var due = Duration.zero
    private var wantsLease = false

    init(identity: String, pod: String? = nil, settings: Settings = Settings()) {
        self.identity = identity
        self.pod = pod
        self.settings = settings
    }

    /// Until when the candidate may act, unless it renews; nil when it mustn't act now.
    func actsUntil(at now: Duration) -> Duration? {
        guard case .leading(let until) = standing, now >= actsFrom, now < until else { return nil }
        return until
    }

    /// Who leads, as far as it was heard; nil when nobody does.
    var leader: String? { record.flatMap { $0.holder.isEmpty ? nil : $0.holder } }

    /// What to do now. To be asked again after each answer, and when a wait is over.
    mutating func next(now: Duration) -> Step {
        switch standing {
        case .lost, .released: return .end
        case .leading(let until) where now >= until:
            standing = .lost(.notRenewed)
            return .end
        case .leading(let until):
            return now < due ? .wait(until: min(due, until)) : write(isNew: false)
        case .following:
            if now < due { return .wait(until: due) }
            return wantsLease ? write(isNew: isOthers) : .read
        }
    }

    /// Takes the answer to a request.
    ///
    /// - Parameters:
    ///   - sentAt: when the request began.
    ///   - random: between 0 and 1, for the pause that follows.
    mutating func received(_ answer: Answer, sentAt: Duration, now: Duration, random: Double) {
        let share = 0.5 + 0.25 * random
        let pause = settings.retryPeriod * share
        switch answer {
        case .read(let record, let version): saw(record, version, now: now, pause: pause)
        case .absent: sawNone(now: now)
        case .written(let version):
            wrote(version, sentAt: sentAt, now: now, pause: settings.renewPeriod * (0.9 + 0.1 * random))
        case .conflict:
            forget()
            due = now
        case .failed:
            // A write may have been done all the same.
            forget()
            // A leader has little time left for another try.
            if case .leading = standing { due = now + pause / 2 } else { due = now + pause }
        }
    }

    /// The candidate stops acting, for good.
    ///
    /// - Returns: whether it led: then the Lease is to be given up, by writing it without a holder. One that doesn't act
    ///   yet leaves it to run out: a former leader may still act.
    mutating func release(now: Duration) -> Bool {
        guard case .leading = standing else { return false }
        standing = .released
        return now >= actsFrom
    }

    // MARK: What is seen

    private mutating func saw(_ record: LeaseRecord, _ version: String, now: Duration, pause: Duration) {
        self.record = record
        if seen?.version != version { seen = (version, now) }
        if record.holder != identity { replacesVanished = false }
        if case .leading = standing {
            guard record.holder == identity else { return standing = .lost(.taken(by: record.holder)) }
            target = .version(version)
            due = now
            return
        }
        let free = (seen?.at ?? now) + max(settings.leaseDuration, record.duration)
        // One's own name is there when the answer to a write was lost.
        wantsLease = record.holder.isEmpty || record.holder == identity || isFormerSelf(record.holder) || now >= free
        target = wantsLease ? .version(version) : .unknown
        due = wantsLease ? now : min(now + pause, free)
    }

    private mutating func sawNone(now: Duration) {
        record = nil
        target = .absent
        replacesVanished = seen != nil
        wantsLease = true
        due = now
    }

    // MARK: What is written

    private mutating func wrote(_ version: String, sentAt: Duration, now: Duration, pause: Duration) {
        let until = sentAt + settings.renewDeadline
        record = own(isNew: isOthers)
        seen = (version, now)
        target = .version(version)
        wantsLease = false
        due = now + pause
        switch standing {
        case .leading: break
        case .following:
            // An answer that comes too late gives nothing; the Lease is ours to renew, though.
            guard now < until else { return forget() }
        case .lost, .released: return
        }
        if replacesVanished { actsFrom = now + settings.leaseDuration }
        replacesVanished = false
        standing = .leading(until: until)
    }

    private mutating func forget() {
        target = .unknown
        wantsLease = false
    }

    private func write(isNew: Bool) -> Step {
        switch target {
        case .unknown: .read
        case .absent: .create(own(isNew: isNew))
        case .version(let version): .replace(own(isNew: isNew), version: version)
        }
    }

    private func isFormerSelf(_ holder: String) -> Bool {
        guard let pod, let end = holder.lastIndex(of: "_") else { return false }
        return holder[..<end] == pod
    }

    /// Whether a write takes the Lease from somebody else.
    private var isOthers: Bool { record.map { $0.holder != identity } ?? false }

    private func own(isNew: Bool) -> LeaseRecord {
        LeaseRecord(
            holder: identity, duration: settings.leaseDuration,
            transitions: (record?.transitions ?? 0).saturatingAdd(isNew ? 1 : 0))
    }
}
