import FoundationEssentials
import HTTPListener
import HTTPTypes
import Hummingbird
import Reporting

extension Answer {
    /// Writes the answer as the request's `Accept` wants it, or says with 304 that it hasn't changed.
    package func response(to request: Request) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let form = try AnswerForm.negotiate(request.headers[.accept], hasTable: Self.hasTable)
        let tag = EntityTag.of(timeless, form: form)
        var headers: HTTPFields = [.eTag: tag, .cacheControl: "no-cache", .vary: "Accept"]
        if let nextCursor, let link = HTTPField.Name("Link") {
            headers[link] = PageLink.next(nextCursor, after: request.uri.query)
        }
        if let known = request.headers[.ifNoneMatch], EntityTag.matches(known, tag) {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = form.mediaType
        let buffer: ByteBuffer
        switch form {
        case .json: buffer = ByteBuffer(bytes: try encoder.encode(self))
        // RFC 4180 ends lines so.
        case .csv: buffer = ByteBuffer(string: csv.map { $0 + "\r\n" }.joined())
        }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: buffer))
    }
}

/// How an answer is written.
enum AnswerForm: Sendable, Equatable {
    case json, csv

    var mediaType: String {
        switch self {
        case .json: "application/json"
        case .csv: "text/csv; charset=utf-8; header=present"
        }
    }

    /// Picks by RFC 9110, 12.5.1; JSON where both are as welcome.
    ///
    /// - Throws: ``ProblemDocument`` (406) when neither is.
    static func negotiate(_ accept: String?, hasTable: Bool) throws -> AnswerForm {
        guard let accept, !accept.allSatisfy(\.isWhitespace) else { return .json }
        let json = quality(of: "application/json", in: accept)
        let csv = hasTable ? quality(of: "text/csv", in: accept) : 0
        guard max(json, csv) > 0 else {
            throw ProblemDocument(
                .notAcceptable, "not-acceptable", title: "The answer isn't to be had in this form",
                detail: hasTable ? "There are application/json and text/csv." : "There's application/json.")
        }
        return csv > json ? .csv : .json
    }

    /// The weight of the most specific range that covers the type.
    private static func quality(of type: String, in accept: String) -> Double {
        var best = (specificity: -1, quality: 0.0)
        for range in accept.split(separator: ",") {
            let parts = range.split(separator: ";").map { $0.filter { !$0.isWhitespace }.lowercased() }
            guard let name = parts.first else { continue }
            let specificity = name == type ? 2 : name == type.prefix { $0 != "/" } + "/*" ? 1 : name == "*/*" ? 0 : -1
            guard specificity > best.specificity else { continue }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) }
            best = (specificity, weight ?? 1)
        }
        return best.quality
    }
}

/// Weak entity tags: they tell answers apart by what they mean.
enum EntityTag {
    /// The tag of a content. Another run of the coordinator has other tags for the same, so that clients ask for it once
    /// more; to write the answer twice would take longer than all the rest.
    static func of(_ content: some Hashable, form: AnswerForm) -> String {
        var hasher = Hasher()
        hasher.combine(content)
        let hash = UInt64(bitPattern: Int64(hasher.finalize()))
        return "W/\"\(String(hash, radix: 16))-\(form == .json ? "j" : "c")\""
    }

    /// Whether `If-None-Match` names the tag.
    static func matches(_ header: String, _ tag: String) -> Bool {
        let opaque = tag.drop { $0 != "\"" }
        return header.split(separator: ",").contains { candidate in
            let text = candidate.filter { !$0.isWhitespace }
            return text == "*" || text.drop { $0 != "\"" } == opaque
        }
    }
}
