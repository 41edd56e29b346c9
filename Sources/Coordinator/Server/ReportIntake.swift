import Access
import HTTPListener
import Shared

/// What reports may take while they are read and decoded, in all and of one agent. Any server of reports keeps to it: it begins
/// with an agent's request, takes the places for its body before that is read, and one for decoding when the body is there.
package struct ReportIntake: Sendable {
    /// Larger reports have an inventory or attempts. After a restart thousands of those come together.
    package static let smallBytes = 4096
    /// Bytes of larger bodies that are read, or wait to be decoded, at once.
    static let bodyBytes = 64 << 20
    /// Larger reports that are decoded and taken at once. In memory a report takes up to four times what its body has.
    static let decoded = 8
    /// Of bodies above this, one at a time is decoded: each takes a processor for milliseconds, and there are as many threads
    /// for everything as processors. A report of 800 images has less.
    static let largeBytes = 256 << 10

    /// One request an agent.
    package let requests = AgentRequests()
    /// A place is a byte.
    package let bodies = Turnstile(places: bodyBytes)
    package let decoding = Turnstile(places: decoded)
    /// Reports of the largest bodies.
    package let decodingLarge = Turnstile(places: 1)

    package init() {}

    /// The places that a body needs in ``bodies``; none for a small one.
    ///
    /// - Parameter length: as declared; nil: it isn't.
    package static func places(forLength length: Int?) -> Int {
        guard let length else { return ReportLimits.bodyBytes }
        return length > smallBytes ? min(length, ReportLimits.bodyBytes) : 0
    }
}
