import HTTPListener
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// What answers may take in memory while they are made, and while nobody reads them: a few readers who ask for the largest lists
/// and let them lie must not end the coordinator.
struct AnswerBounds: Sendable {
    /// Long lists of history that are made at once: as many as its readers. What they have read waits to be written.
    static let lists = 4
    /// Bytes of large answers that are under way.
    static let unreadBytes = 64 << 20
    /// Smaller ones don't count: they are as many as connections.
    static let smallBytes = 256 << 10
    /// Streams of events, each of which asks history once a second.
    static let streams = 256

    let streams: Places
    /// Whoever asks what an edit would pull can send a hundred lists: each plan takes a processor for seconds, and the others are
    /// for everybody else.
    let plans = Turnstile(places: 1)
    private let lists = Turnstile(places: AnswerBounds.lists)
    private let unread = Places(AnswerBounds.unreadBytes)

    init(streams: Int = AnswerBounds.streams) { self.streams = Places(streams) }

    /// Makes a long list, in its turn.
    func list(_ make: () async throws -> Response) async throws -> Response {
        try await lists.enter()
        defer { lists.leave() }
        return try await make()
    }

    /// Counts an answer until it is sent, or given up.
    ///
    /// - Parameter connection: on which it is sent; nil: that isn't known.
    /// - Throws: ``ProblemDocument`` (503) when there's no room for it.
    func bounded(_ response: Response, on connection: ServerContext? = nil) throws -> Response {
        guard let length = response.body.contentLength, length > Self.smallBytes else { return response }
        // The largest one of all is sent when no other is under way.
        guard let stay = unread.take(min(length, Self.unreadBytes)) else { throw Self.full }
        var response = response
        let body = response.body
        response.body = ResponseBody(contentLength: length) { writer in
            defer { withExtendedLifetime(stay) {} }
            try await body.write(PiecewiseWriter(writer: writer, connection: connection))
        }
        return response
    }

    private static var full: ProblemDocument {
        var problem = ProblemDocument(
            .serviceUnavailable, "answers-unread", title: "Too many large answers are under way",
            detail:
                "Others have asked for \(unreadBytes >> 20) MiB that they don't read. Ask again, or for less: with limit "
                + "and cursor, for one node or one image.")
        problem.retryAfter = 10
        return problem
    }
}

/// Writes a body in pieces, each when the client has taken those before: written at once all of it would lie in the connection,
/// and seem to be sent.
private struct PiecewiseWriter: ResponseBodyWriter {
    var writer: any ResponseBodyWriter
    let connection: ServerContext?
    private static let pieceBytes = 64 << 10

    mutating func write(_ buffer: ByteBuffer) async throws {
        var rest = buffer
        while rest.readableBytes > 0, let piece = rest.readSlice(length: min(Self.pieceBytes, rest.readableBytes)) {
            try await writer.write(piece)
            await connection?.settle()
        }
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws { try await writer.finish(trailingHeaders) }
}

/// So many places, each of which is free again when nobody holds it.
final class Places: Sendable {
    final class Stay: Sendable {
        private let places: Places
        private let count: Int

        fileprivate init(_ places: Places, _ count: Int) { (self.places, self.count) = (places, count) }

        deinit { places.free.withLock { $0 += count } }
    }

    private let free: Mutex<Int>

    init(_ count: Int) { free = Mutex(count) }

    /// Nil: there aren't so many.
    func take(_ count: Int = 1) -> Stay? {
        let isThere = free.withLock { free in
            guard free >= count else { return false }
            free -= count
            return true
        }
        return isThere ? Stay(self, count) : nil
    }
}
