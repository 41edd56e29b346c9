import Glibc
import HTTPListener
import HTTPTypes
import History
import Hummingbird
import NIOCore
import Reporting
import Synchronization

/// `GET /api/v1/backup`: a copy of the database, made while writing goes on.
///
/// A copy takes as much of the disk as the database, as long as it is sent: so there is one at a time.
struct BackupRoutes: Sendable {
    let desk: QuestionDesk
    private let place = Places(1)

    init(desk: QuestionDesk) { self.desk = desk }

    /// Larger databases aren't copied over HTTP.
    static let maximumBytes = 8 << 30
    /// Seconds for the copy and its way to the client.
    static let deadline = 900.0

    func backup(_ request: Request) async throws -> Response {
        guard !CrossSite.isForeign(request) else { throw CrossSite.problem }
        guard let stay = place.take() else { throw Self.busy }
        let end = ContinuousClock.now + .seconds(Self.deadline)
        let file = try await desk.history { store in
            guard case .file(let path) = store.configuration.location else {
                throw HistoryError(kind: .other, path: ":memory:", detail: "it is kept in memory alone")
            }
            if let size = Self.size(of: path), size > Self.maximumBytes { throw Self.tooLarge(size) }
            // Beside the database: there's room for it, or the error says that there isn't.
            let copy = HistoryFile(path: path).newDownload()
            try await store.backup(to: copy)
            return try TemporaryFile(taking: copy)
        }
        let body = ResponseBody(contentLength: file.size) { writer in
            // As long as somebody reads.
            defer { withExtendedLifetime(stay) {} }
            while let part = try file.read() {
                guard ContinuousClock.now < end else { throw Self.late }
                try await writer.write(ByteBuffer(bytes: part))
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok,
            headers: [
                .contentType: "application/vnd.sqlite3", .cacheControl: "no-store",
                .contentDisposition: "attachment; filename=\"history.sqlite\"",
            ], body: body)
    }

    private static func size(of path: String) -> Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : nil
    }

    private static var busy: ProblemDocument {
        var problem = ProblemDocument(
            .tooManyRequests, "backup-running", title: "Another backup is being made",
            detail:
                "There is one at a time, since each takes as much disk as the database. Ask again when it has ended.")
        problem.retryAfter = 30
        return problem
    }

    private static func tooLarge(_ size: Int) -> ProblemDocument {
        ProblemDocument(
            .serviceUnavailable, "backup-too-large", title: "The database is too large for a backup over HTTP",
            detail:
                "It has \(size) bytes, and \(maximumBytes) are the most. A lower HISTORY_RETENTION_DAYS makes it smaller; a "
                + "snapshot of its volume takes it as it is.")
    }

    private static var late: ProblemDocument {
        ProblemDocument(
            .requestTimeout, "too-slow", title: "The backup wasn't read in time",
            detail: "All of it must be read within \(Int(deadline)) seconds.")
    }
}
