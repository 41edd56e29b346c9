import Access
import Formatting
import HTTPListener
import HTTPTypes
import Hummingbird

/// Keeps strangers' web pages away from the listener for this host, which asks nobody for a token.
///
/// Who reaches it through `kubectl port-forward` has it on his own machine, where his browser reaches it too, whatever page
/// that shows: a page whose name suddenly leads to 127.0.0.1 (DNS rebinding) could read all answers, and any page could
/// send a form. The first comes under its own name, the second tells its origin.
struct LocalRequests: RouterMiddleware {
    typealias Context = ServerContext

    /// Where people reach the dashboard, besides this host.
    var externalURL: WebLink?

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        if !ReaderAccess.openPaths.contains(request.uri.path) {
            try check(host: request.head.authority, origin: request.headers[.origin])
            guard !CrossSite.isForeign(request) else { throw CrossSite.problem }
        }
        return try await next(request, context)
    }

    /// - Parameters:
    ///   - host: the Host header.
    ///   - origin: the Origin header, which browsers send with what changes something, and with what a script reads.
    func check(host: String?, origin: String?) throws(ProblemDocument) {
        // HTTP/1.0 may go without; browsers never do.
        guard let host, !host.isEmpty else { return }
        guard Self.isOurs(host) || host.lowercased() == externalURL?.host.lowercased() else {
            throw ProblemDocument(
                .misdirectedRequest, "not-this-host", title: "This isn't served under that name",
                detail: "Here it is reached as localhost or by an IP address, not as \"\(host.prefix(253))\". "
                    + "If people are to reach it so, tell the coordinator: --external-url.")
        }
        guard let origin else { return }
        let isOwn = ["http://", "https://"].contains { origin == $0 + host } || origin == externalURL?.origin
        guard isOwn else {
            throw ProblemDocument(
                .forbidden, "foreign-origin", title: "A page from elsewhere may not do this",
                detail: "The request comes from a page of \(origin.prefix(253)).")
        }
    }

    /// Names that lead to this host wherever they are asked for, and addresses, which can't be made to lead elsewhere.
    static func isOurs(_ authority: String) -> Bool {
        if authority.hasPrefix("[") { return true }
        var name = authority.lowercased().prefix { $0 != ":" }
        if name.last == "." { name.removeLast() }
        if name == "localhost" || name.hasSuffix(".localhost") { return true }
        let numbers = name.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4 && numbers.allSatisfy { UInt8($0) != nil }
    }
}
