/// Who a token speaks for, as the API server says.
struct ReviewedUser: Codable, Sendable, Hashable {
    var username = ""
    var uid: String?
    var groups: [String]?
    var extra: [String: [String]]?

    static let podUID = "authentication.kubernetes.io/pod-uid"
    static let podName = "authentication.kubernetes.io/pod-name"

    /// The pod that the token is bound to; nil for tokens that aren't bound to any.
    var pod: (name: String, uid: String)? {
        guard let uid = extra?[Self.podUID]?.first, let name = extra?[Self.podName]?.first else { return nil }
        return (name, uid)
    }
}
