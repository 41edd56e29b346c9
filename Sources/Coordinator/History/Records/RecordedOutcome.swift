/// How an attempt ended, as history keeps it: the codes of the wire's `Outcome`.
package enum RecordedOutcome: Int64, Sendable, Codable, CaseIterable {
    case unspecified = 0
    case succeeded = 1
    case failed = 2
    case cancelled = 3
    case timedOut = 4
}
