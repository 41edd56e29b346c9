/// Tells when the next keyframe is due.
struct KeyframeClock: Sendable {
    /// The transition after which the next one is due. Nil until the last keyframe is known.
    private var dueAfter: Int64?
    private var isMaking = false
    private var newest: Int64 = 0
    private var interval: Int64 = 0

    /// Notes the newest transition.
    ///
    /// - Parameter interval: the fewest transitions between two keyframes.
    /// - Returns: whether the caller has to make one, and to say so by ``end(_:)``.
    mutating func begin(at transition: Int64, every interval: Int64) -> Bool {
        newest = max(newest, transition)
        self.interval = interval
        guard !isMaking else { return false }
        guard let dueAfter else {
            // A database that was just opened: its first keyframe tells where we are.
            guard transition >= interval else { return false }
            isMaking = true
            return true
        }
        guard transition >= dueAfter else { return false }
        isMaking = true
        return true
    }

    /// - Parameter mark: of the newest keyframe; nil when none could be made.
    mutating func end(_ mark: Keyframe.Mark?) {
        isMaking = false
        let step = max(interval, (mark?.cells ?? 0) / 10)
        dueAfter = (mark?.lastID ?? newest).addingReportingOverflow(step).partialValue
    }
}
