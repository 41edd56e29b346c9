import FoundationEssentials
import HTTPTypes
import Hummingbird

/// An error as RFC 9457 has it: `application/problem+json`.
package struct ProblemDocument: Error, Codable, Sendable, Equatable {
    /// A word that stays the same: `about:blank` or `urn:image-puller:problem:…`.
    var type: String
    /// What kind of problem this is, for people.
    package var title: String
    package var code: Int
    /// What was wrong this time, and what to do.
    package var detail: String
    /// Seconds after which it makes sense to ask again.
    package var retryAfter: Int?
    /// Fields that go along with it.
    var headers: HTTPFields = [:]

    package init(
        _ status: HTTPResponse.Status, _ name: String, title: String, detail: String, headers: HTTPFields = [:]
    ) {
        self.headers = headers
        type = "urn:image-puller:problem:\(name)"
        self.title = title
        code = status.code
        self.detail = detail
    }

    private enum CodingKeys: String, CodingKey {
        case type, title, detail
        case code = "status"
    }
}

extension ProblemDocument: HTTPResponseError {
    package var status: HTTPResponse.Status { HTTPResponse.Status(code: code) }

    /// The document's text.
    package var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Three texts and a number: there's nothing that could fail.
        return (try? encoder.encode(self)).map { Array($0) } ?? []
    }

    /// The fields of an answer that is this document.
    package var responseFields: HTTPFields {
        var headers = headers
        headers[.contentType] = "application/problem+json"
        if status == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
        if let retryAfter { headers[.retryAfter] = "\(retryAfter)" }
        return headers
    }

    package func response(from request: Request, context: some RequestContext) throws -> Response {
        Response(
            status: status, headers: responseFields,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: json)))
    }
}
