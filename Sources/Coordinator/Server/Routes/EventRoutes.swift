import Control
import FoundationEssentials
import HTTPListener
import HTTPTypes
import History
import Hummingbird
import NIOCore
import Reporting

/// `GET /api/v1/events`: transitions and revisions as they are committed, as server-sent events.
///
/// An event's id says how far both have been told, so that `Last-Event-ID` resumes without a gap.
package struct EventRoutes: Sendable {
    let desk: QuestionDesk
    let places: Places
    /// How often history is asked for news.
    var interval = Duration.seconds(1)
    /// A stream ends after that, and its client comes back: who asks is looked at anew, and a withdrawn right ends.
    var lifetime = Self.longest

    static let longest = Duration.seconds(600)

    func events(_ request: Request, on connection: ServerContext? = nil) async throws -> Response {
        try AnswerForm.wantsEvents(request.headers[.accept])
        guard let stay = places.take() else { throw Self.full }
        var start = try await desk.history { store in try await store.read { db in try EventQuery.newest(db) } }
        var reset: EventQuery.Item?
        if let text = request.headers[.lastEventID], !text.isEmpty {
            guard let position = EventPosition(text) else {
                throw ProblemDocument(
                    .badRequest, "last-event-id-invalid", title: "The header Last-Event-ID can't be read",
                    detail: "It takes the id of an event of this stream.")
            }
            if position.isAhead(of: start) { reset = EventQuery.reset(to: start) } else { start = position }
        }
        let body = ResponseBody { [start, reset] writer in
            defer { withExtendedLifetime(stay) {} }
            var position = start
            var quiet = ContinuousClock.now
            let end = ContinuousClock.now + lifetime
            // The first bytes tell the client that it's connected, and how soon to come back.
            try await writer.write(
                ByteBuffer(string: "retry: 2000\n: connected\n\n" + (try reset?.text(names: EntryNames()) ?? "")))
            // A client that has gone is noticed by itself only when something is written.
            while !Task.isCancelled, connection?.isOpen ?? true, ContinuousClock.now < end, await !desk.loop.isEnding {
                let from = position
                let imageSet = await desk.imageSet
                let news = try? await desk.history { store in
                    try await store.read { db in try EventQuery.following(from, imageSet: imageSet, limit: 500, db) }
                }
                if let news, !news.isEmpty {
                    let names = await desk.names(of: news.flatMap(\.references))
                    try await writer.write(ByteBuffer(string: try news.map { try $0.text(names: names) }.joined()))
                    position = news.last?.position ?? position
                    quiet = .now
                    if news.count >= 500 { continue }
                } else if quiet.duration(to: .now) > .seconds(15) {
                    // Proxies close what is silent.
                    try await writer.write(ByteBuffer(string: ": quiet\n\n"))
                    quiet = .now
                }
                try await Task.sleep(for: interval)
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok,
            headers: [.contentType: "text/event-stream", .cacheControl: "no-cache, no-transform"], body: body)
    }

    private static var full: ProblemDocument {
        var problem = ProblemDocument(
            .tooManyRequests, "too-many-streams", title: "Too many streams of events are open",
            detail: "There are at most \(AnswerBounds.streams). Ask again when one has ended, or for /api/v1/history.")
        problem.retryAfter = 30
        return problem
    }
}

extension AnswerForm {
    static func wantsEvents(_ accept: String?) throws {
        guard let accept, !accept.isEmpty else { return }
        let types = accept.split(separator: ",").map {
            $0.prefix { $0 != ";" }.filter { !$0.isWhitespace }.lowercased()
        }
        guard types.contains(where: { ["text/event-stream", "text/*", "*/*"].contains($0) }) else {
            throw ProblemDocument(
                .notAcceptable, "not-acceptable", title: "The answer isn't to be had in this form",
                detail: "There's text/event-stream.")
        }
    }
}

extension HTTPField.Name {
    static var lastEventID: Self { HTTPField.Name("Last-Event-ID") ?? .ifNoneMatch }
}
