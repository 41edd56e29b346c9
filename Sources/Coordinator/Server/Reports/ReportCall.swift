import NIOHTTP1

/// What the head of a report's request says.
struct ReportCall: Sendable {
    var authorization: String?
    var isJSON: Bool
    /// Of the body, in bytes; nil when it isn't declared.
    var length: Int?
    /// The assignment that the agent has.
    var after: UInt64
    /// How long the answer may wait for another one, in seconds.
    var wait: Double
    var keepsAlive: Bool

    /// Nil when it's another request.
    init?(_ head: HTTPRequestHead) {
        guard head.method == .POST, head.uri.hasPrefix(AgentRoutes.path) else { return nil }
        let rest = head.uri.utf8.dropFirst(AgentRoutes.path.utf8.count)
        guard rest.isEmpty || rest.first == UInt8(ascii: "?") else { return nil }
        var values: [Substring: Substring] = [:]
        for part in Substring(rest.dropFirst()).split(separator: "&") {
            guard let equals = part.firstIndex(of: "=") else { continue }
            let name = part[..<equals]
            if values[name] == nil { values[name] = part[part.index(after: equals)...] }
        }
        self.init(
            authorization: head.headers.first(name: "authorization"),
            contentType: head.headers.first(name: "content-type"),
            length: head.headers.first(name: "content-length").flatMap { Int($0) },
            after: values["after"].map(String.init), wait: values["wait"].map(String.init),
            keepsAlive: head.isKeepAlive)
    }

    init(
        authorization: String?, contentType: String?, length: Int?, after: String?, wait: String?,
        keepsAlive: Bool = true
    ) {
        self.authorization = authorization
        isJSON = contentType?.hasPrefix("application/json") ?? false
        self.length = length
        self.after = after.flatMap { UInt64($0) } ?? 0
        let seconds = wait.flatMap { Double($0) } ?? 0
        self.wait = seconds.isFinite ? min(max(seconds, 0), AgentRoutes.maximumWaitSeconds) : 0
        self.keepsAlive = keepsAlive
    }
}
