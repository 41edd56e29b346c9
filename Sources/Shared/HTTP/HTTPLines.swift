extension HTTPBody {
    /// The body's lines, each at most 16 MiB long.
    public var lines: HTTPLines { lines(maximumLength: 16 << 20) }

    /// The body's lines.
    ///
    /// - Parameter maximumLength: in bytes; a longer line ends the reading with ``HTTPError/Code/lineTooLong``.
    public func lines(maximumLength: Int) -> HTTPLines { HTTPLines(body: self, maximumLength: maximumLength) }
}

/// The lines of a body, without their line feeds. A last line without one counts when the body ended as it should.
public struct HTTPLines: AsyncSequence, Sendable {
    public typealias Element = [UInt8]
    public typealias Failure = any Error

    let body: HTTPBody
    let maximumLength: Int

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(parts: body.makeAsyncIterator(), splitter: LineSplitter(maximumLength: maximumLength))
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        var parts: HTTPBody.AsyncIterator
        var splitter: LineSplitter

        /// The next line; nil at the end.
        public mutating func next() async throws -> [UInt8]? {
            do {
                while true {
                    if let line = try splitter.next() { return line }
                    guard let part = try await parts.next() else { return splitter.finish() }
                    splitter.append(part)
                }
            } catch is LineSplitter.LineTooLong {
                throw parts.lineTooLong(limit: splitter.maximumLength)
            }
        }
    }
}
