/// The body of a response, in parts as they come.
///
/// It has one reader, and can be read once. While nobody reads, no more than 256 KiB are taken from the server.
/// The transfer ends when the body does, when the reading task is cancelled, or when the body is dropped.
/// A body that breaks off throws an ``HTTPError``, each time that it is read from then on: what was cut short is never
/// taken for whole.
public struct HTTPBody: AsyncSequence, Sendable {
    public typealias Element = [UInt8]
    public typealias Failure = any Error

    private let handle: Handle

    init(_ transfer: Transfer) { handle = Handle(transfer) }

    /// The fields that came after the body; empty until the body has ended.
    public var trailers: HTTPHeaders { handle.transfer.trailers }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(handle: handle) }

    /// Reads the rest of the body.
    ///
    /// - Throws: ``HTTPError`` with ``HTTPError/Code/bodyTooLarge`` when it is longer than `limit` bytes.
    public func collect(upTo limit: Int) async throws -> [UInt8] { try await collect(upTo: limit, announced: nil) }

    func collect(upTo limit: Int, announced: Int?) async throws -> [UInt8] {
        let request = handle.transfer.request
        if let announced, announced > limit { throw request.bodyTooLarge(limit: limit) }
        var whole: [UInt8] = []
        for try await part in self {
            guard whole.count + part.count <= limit else { throw request.bodyTooLarge(limit: limit) }
            if whole.isEmpty { whole = part } else { whole += part }
        }
        return whole
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let handle: Handle

        /// The next part, never empty; nil at the end.
        public mutating func next() async throws -> [UInt8]? { try await handle.transfer.read() }

        func lineTooLong(limit: Int) -> HTTPError { handle.transfer.request.lineTooLong(limit: limit) }
    }

    /// Ends the transfer when the last one who could read it has gone.
    fileprivate final class Handle: Sendable {
        let transfer: Transfer

        init(_ transfer: Transfer) { self.transfer = transfer }

        deinit { transfer.cancel() }
    }
}
