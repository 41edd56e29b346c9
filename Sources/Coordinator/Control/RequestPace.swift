/// Requests to the API server at a bounded rate: each is told to wait until its turn, in the order in which they come.
package actor RequestPace {
    /// Deletions and changes of pods a second. A roll-out over thousands of nodes would send hundreds at once; kubelets take
    /// seconds for each deletion.
    package static let podChanges = 50

    private let pause: Duration
    private var next = ContinuousClock.now

    /// - Parameter perSecond: at most so many a second.
    package init(perSecond: Int) { pause = .seconds(1) / max(1, perSecond) }

    package func turn() async {
        let now = ContinuousClock.now
        let turn = max(now, next)
        next = turn + pause
        if turn > now { try? await Task.sleep(until: turn, clock: .continuous) }
    }
}
