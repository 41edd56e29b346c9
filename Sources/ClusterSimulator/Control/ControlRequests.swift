/// What was asked of the Kubernetes API, as `GET /simulator/v1/requests` gives it.
struct ControlRequests: Codable, Sendable {
    /// By `verb resource`: `list pods`.
    var counts: [String: Int]
    /// The 403 answers' messages.
    var denied: [String]
    /// In the order of arrival.
    var writes: [RequestCounts.Write]

    init(_ requests: RequestCounts) {
        counts = requests.all
        denied = requests.denied
        writes = requests.writes
    }
}
