import Glibc

/// SIGTERM and SIGINT, waited for by the main thread.
///
/// Blocked signals are delivered to process 1 of a container too, for which unhandled ones are discarded.
struct TerminationSignals {
    private var set = sigset_t()

    /// To be called on the main thread before any other exists: threads inherit the mask.
    static func block() -> TerminationSignals {
        var signals = TerminationSignals()
        sigemptyset(&signals.set)
        sigaddset(&signals.set, SIGTERM)
        sigaddset(&signals.set, SIGINT)
        pthread_sigmask(SIG_BLOCK, &signals.set, nil)
        // A coordinator that closes its connection must not end us.
        signal(SIGPIPE, SIG_IGN)
        return signals
    }

    func wait() {
        var set = set
        while sigwaitinfo(&set, nil) < 0 {}
    }

    func wait(atMostSeconds seconds: Int) {
        var set = set
        var time = timespec(tv_sec: seconds, tv_nsec: 0)
        _ = sigtimedwait(&set, nil, &time)
    }
}
