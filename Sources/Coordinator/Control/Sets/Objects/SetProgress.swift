import Reporting

/// How far a set is.
struct SetProgress: Sendable {
    /// By image.
    var whole: CoverageReport
    /// The same on the nodes that are ready: nothing can come to the others.
    var ready: CoverageReport
    var agentImage: String?

    /// Whether everything is present that can be.
    var isSettled: Bool {
        ready.total.cells > 0 && (ready.total.present == ready.total.cells || ready.isSettled)
    }
}
