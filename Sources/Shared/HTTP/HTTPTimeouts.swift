/// How long each stage of a request may take. Every one that passes ends the request with ``HTTPError/Code/timeout``.
public struct HTTPTimeouts: Sendable, Hashable {
    /// From the start until the connection stands: name resolution, TCP, proxy and TLS.
    public var connect: Duration
    /// From the connection until the response's head has arrived whole; nil: no limit. Sending the request counts.
    public var firstByte: Duration?
    /// The longest time without a byte of the body; nil: no limit. The time that the reader takes doesn't count.
    public var idle: Duration?
    /// From the start to the end of the body; nil: no limit. The time that the reader takes counts.
    public var total: Duration?

    /// The defaults suit a request whose answer comes at once; streams that end by themselves want an `idle` too.
    public init(
        connect: Duration = .seconds(10), firstByte: Duration? = .seconds(60), idle: Duration? = nil,
        total: Duration? = nil
    ) {
        self.connect = connect
        self.firstByte = firstByte
        self.idle = idle
        self.total = total
    }
}
