import Shared

/// Decides what a ``Reflector`` does next. A value without I/O: it is told what happened, and says what to do.
///
/// The rules: a list, then watches that go on where the last one ended. A drop resumes from the last resource version.
/// An expired one (HTTP 410, or an ERROR event of a 200) means a new list. So does anything that could otherwise repeat
/// for ever: a resource version that the server refuses or hasn't reached, and an event that stays unreadable.
struct ReflectorState: Sendable, Hashable {
    enum Step: Sendable, Hashable {
        case list
        case watch(resourceVersion: String)
        case pause(Duration)
    }

    struct Backoff: Sendable, Hashable {
        /// The pause after the first failure is random between half of this and this; it doubles with each further one.
        var initial = Duration.milliseconds(500)
        /// The cap of that growth.
        var maximum = Duration.seconds(30)
    }

    /// A watch that fails so often without bringing anything is given up for a new list.
    static let fruitlessWatchesBeforeList = 4

    private let backoff: Backoff
    /// Where the next watch goes on; nil: a list is due.
    private(set) var resourceVersion: String?
    /// Failures in a row.
    private(set) var failures = 0
    /// Watches in a row that the server refused or that were unreadable.
    private var fruitlessWatches = 0
    private var pendingPause: Duration?

    init(backoff: Backoff = Backoff()) { self.backoff = backoff }

    /// What to do now.
    mutating func next() -> Step {
        if let pause = pendingPause {
            pendingPause = nil
            return .pause(pause)
        }
        return resourceVersion.map { .watch(resourceVersion: $0) } ?? .list
    }

    mutating func listed(resourceVersion: String) {
        self.resourceVersion = resourceVersion
        fruitlessWatches = 0
        // Failures stay counted until a watch works: else a list and a watch that always fails would spin.
    }

    mutating func listFailed(_ error: KubernetesError?, random: (ClosedRange<Double>) -> Double) {
        resourceVersion = nil
        pause(error?.retryAfter, random)
    }

    /// An event or a bookmark arrived.
    mutating func progressed(resourceVersion: String?) {
        failures = 0
        fruitlessWatches = 0
        if let resourceVersion, !resourceVersion.isEmpty { self.resourceVersion = resourceVersion }
    }

    /// The watch ended without an error.
    ///
    /// - Parameter wasShort: it ended at once and brought nothing, as behind a proxy that doesn't let watches through.
    mutating func watchEnded(wasShort: Bool, random: (ClosedRange<Double>) -> Double) {
        if wasShort {
            pause(nil, random)
        } else {
            failures = 0
            fruitlessWatches = 0
        }
    }

    /// The watch could not be opened, broke off, or sent an ERROR event.
    mutating func watchFailed(_ error: KubernetesError?, random: (ClosedRange<Double>) -> Double) {
        let hasAnswered = error?.status != nil || error?.reason == KubernetesError.unreadableReason
        if hasAnswered { fruitlessWatches += 1 }
        let isRefused = error.map { $0.isExpired || $0.isInvalid || $0.isFutureResourceVersion } ?? false
        if isRefused || fruitlessWatches >= Self.fruitlessWatchesBeforeList { resourceVersion = nil }
        pause(error?.retryAfter, random)
    }

    private mutating func pause(_ asked: Duration?, _ random: (ClosedRange<Double>) -> Double) {
        failures += 1
        let ceiling = min(backoff.maximum, backoff.initial * (1 << min(failures - 1, 20)))
        let pause = ceiling * random(0.5...1)
        // A server that asks for an hour is asked again after the cap: this loop has no one else to decide.
        pendingPause = max(pause, min(asked ?? .zero, max(backoff.maximum, .seconds(60))))
    }
}
