import HTTPTypes
import History
import Hummingbird
import NIOCore
import Reporting

/// `GET /api/v1/backup`: a copy of the database, made while writing goes on.
struct BackupRoutes: Sendable {
    let desk: QuestionDesk

    func backup(_ request: Request) async throws -> Response {
        let file = try await desk.history { store in
            guard case .file(let path) = store.configuration.location else {
                throw HistoryError(kind: .other, path: ":memory:", detail: "it is kept in memory alone")
            }
            // Beside the database: there's room for it, or the error says that there isn't.
            let copy = HistoryFile(path: path).newDownload()
            try await store.backup(to: copy)
            return try TemporaryFile(taking: copy)
        }
        let body = ResponseBody(contentLength: file.size) { writer in
            while let part = try file.read() { try await writer.write(ByteBuffer(bytes: part)) }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok,
            headers: [
                .contentType: "application/vnd.sqlite3", .cacheControl: "no-store",
                .contentDisposition: "attachment; filename=\"history.sqlite\"",
            ], body: body)
    }
}
