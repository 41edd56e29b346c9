/// How long the event loop may sleep in `curl_multi_poll`.
///
/// libcurl says by a timer that it holds something which waits on no socket: bytes that it has read and not handed
/// over, the end of a stream, room to send. Up to 8.3 such a timer can be lost: when another one is due, those that are
/// due within the same millisecond are dropped with it (`add_next_timeout`, fixed in 8.4.0). Then nothing ends the
/// sleep, and an answer that has arrived whole ends late. So libcurl is asked once more before each sleep for as long
/// as there are signs that it is at work: it called back, or a socket was ready. Without any, all that it can go on
/// with has yet to arrive.
struct PollTimeout {
    /// Nothing needs it: a limit for what nobody thought of.
    static let longest: Int64 = 60_000

    private var isAtWork = false

    /// libcurl handed something over.
    mutating func calledBack() { isAtWork = true }

    /// The poll ended, with so many sockets ready.
    mutating func polled(ready: Int32) { if ready > 0 { isAtWork = true } }

    /// The milliseconds for the poll that comes now.
    ///
    /// - Parameter deadline: when the loop has to look again in any case.
    mutating func next(now: ContinuousClock.Instant, deadline: ContinuousClock.Instant?) -> Int32 {
        guard !isAtWork else {
            isAtWork = false
            return 0
        }
        guard let deadline else { return Int32(Self.longest) }
        // libcurl counts whole milliseconds: one more, or the last one would be spent spinning.
        return Int32(max(0, min(now.duration(to: deadline).milliseconds, Self.longest - 1)) + 1)
    }
}
