import HTTPTypes
import Hummingbird

/// `/` and `/dashboard/…`: one static page over the API. It takes nothing from elsewhere, and says so to the browser.
package struct DashboardRoutes: Sendable {
    package init() {}

    package func add(to router: Router<some RequestContext>) {
        router.get("/") { request, _ in try Self.answer("index.html", request) }
        router.get("/dashboard/:file") { request, context in
            try Self.answer(try context.parameters.require("file"), request)
        }
    }

    static func answer(_ name: String, _ request: Request) throws -> Response {
        guard let file = DashboardFile.all[name] else { throw HTTPError(.notFound) }
        var headers = securityHeaders
        headers[.eTag] = file.tag
        // Another version of the coordinator serves other files under the same names.
        headers[.cacheControl] = "no-cache"
        if let known = request.headers[.ifNoneMatch], known.contains(file.tag) || known == "*" {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = file.contentType
        return Response(
            status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: file.bytes)))
    }

    /// The page shows names that others chose: nothing that isn't one of our files may run, load or be talked to.
    static let policy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self'",
        "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    ].joined(separator: "; ")

    private static let securityHeaders: HTTPFields = {
        var headers: HTTPFields = [.contentSecurityPolicy: policy, .xContentTypeOptions: "nosniff"]
        if let referrer = HTTPField.Name("Referrer-Policy") { headers[referrer] = "no-referrer" }
        return headers
    }()
}
