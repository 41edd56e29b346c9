import Shared

/// When a request to the API server is sent again, and after how long.
package struct RequestRetry: Sendable, Hashable {
    /// Tries in all, the first included.
    package var maximumAttempts = 6
    /// The pause before the second try is random between zero and this; it doubles for each further try.
    var initialPause = Duration.milliseconds(250)
    /// The cap of that growth.
    var maximumPause = Duration.seconds(10)
    /// A server that asks for a longer pause gets no second try from here: the caller decides.
    var maximumRetryAfter = Duration.seconds(60)
    /// Whether a request whose answer came too late is sent again as it is.
    var repeatsTimeouts = true

    /// What a request does, as far as sending it twice matters.
    package enum Safety: Sendable, Hashable {
        /// Sending it twice is the same as sending it once: reads, applies, patches, deletion of one very object.
        case idempotent
        /// Sent again only when it's certain that the server did nothing: creation.
        case once
    }

    /// The pause before the next try; nil when there should be none.
    ///
    /// - Parameter attempt: how many tries have failed, from 1.
    func pause(
        after error: KubernetesError, attempt: Int, safety: Safety, random: (ClosedRange<Double>) -> Double
    ) -> Duration? {
        guard attempt < maximumAttempts, isWorthRepeating(error, safety) else { return nil }
        let ceiling = min(maximumPause, initialPause * (1 << min(attempt - 1, 20)))
        guard let asked = error.retryAfter else { return ceiling * random(0...1) }
        guard asked <= maximumRetryAfter else { return nil }
        // Never earlier than asked; spread, because everybody was told the same.
        return asked + ceiling * random(0...1)
    }

    private func isWorthRepeating(_ error: KubernetesError, _ safety: Safety) -> Bool {
        switch error.status {
        case 429:
            return true  // refused before anything was done
        case 500, 502, 503, 504:
            return safety == .idempotent
        case .some:
            return false
        case nil:
            guard let underlying = error.underlying else { return false }
            switch underlying.code {
            case .connect, .resolve, .proxy, .timeout, .reset, .other: break
            default: return false
            }
            if underlying.stage == .connecting { return true }  // nothing was sent
            return safety == .idempotent && (repeatsTimeouts || underlying.code != .timeout)
        }
    }
}
