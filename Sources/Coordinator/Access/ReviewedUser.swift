/// Who a token speaks for, as the API server says.
struct ReviewedUser: Codable, Sendable, Hashable {
    var username = ""
    var uid: String?
    var groups: [String]?
    var extra: [String: [String]]?

    init(
        username: String = "", uid: String? = nil, groups: [String]? = nil, extra: [String: [String]]? = nil
    ) {
        self.username = username
        self.uid = uid
        self.groups = groups
        self.extra = extra
    }

    /// A refused token's user is an empty object.
    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            username: try container.decodeIfPresent(String.self, forKey: .username) ?? "",
            uid: try container.decodeIfPresent(String.self, forKey: .uid),
            groups: try container.decodeIfPresent([String].self, forKey: .groups),
            extra: try container.decodeIfPresent([String: [String]].self, forKey: .extra))
    }

    static let podUID = "authentication.kubernetes.io/pod-uid"
    static let podName = "authentication.kubernetes.io/pod-name"

    /// The pod that the token is bound to; nil for tokens that aren't bound to any.
    var pod: (name: String, uid: String)? {
        guard let uid = extra?[Self.podUID]?.first, let name = extra?[Self.podName]?.first else { return nil }
        return (name, uid)
    }
}
