import Shared

/// Role-based access control, by the Roles, ClusterRoles and their bindings that the store holds.
///
/// Not simulated: aggregated ClusterRoles, impersonation, and the check that nobody grants more than he has.
struct RBACAuthorizer: Authorizer {
    let store: ObjectStore
    let tokens: TokenRegistry
    /// Who makes requests without credentials. The simulator listens on the loopback address alone, so that its
    /// kubeconfig needs none; a real cluster has ``APIUser/anonymous`` here.
    var withoutCredentials = APIUser.admin

    func user(of request: APIRequest) async -> APIUser? {
        guard let header = request.headers["authorization"] else { return withoutCredentials }
        guard let token = header.split(separator: " ", maxSplits: 1).last, header.lowercased().hasPrefix("bearer ")
        else { return nil }
        let review = tokens.review(String(token), audiences: [])
        guard review["authenticated"] == true, let name = review.at("user", "username")?.stringValue else {
            return nil
        }
        let groups = review.at("user", "groups")?.arrayValue?.compactMap(\.stringValue) ?? []
        return APIUser(name: name, groups: groups)
    }

    func allows(_ user: APIUser, _ attributes: AccessAttributes) async -> Bool {
        if user.groups.contains(APIUser.masters) { return true }
        if PolicyRule.builtIn(for: user).contains(where: { $0.allows(attributes) }) { return true }
        for binding in await store.list(.clusterRoleBindings).items {
            if await grants(binding, user, attributes) { return true }
        }
        // A Role grants what lies in its own namespace, so nothing that has none.
        guard attributes.path == nil, let namespace = attributes.namespace else { return false }
        for binding in await store.list(.roleBindings, namespace: namespace).items {
            if await grants(binding, user, attributes, in: namespace) { return true }
        }
        return false
    }

    private func grants(
        _ binding: JSONValue, _ user: APIUser, _ attributes: AccessAttributes, in namespace: String? = nil
    ) async -> Bool {
        let subjects = binding["subjects"]?.arrayValue ?? []
        guard subjects.contains(where: { user.is(subject: $0, in: namespace) }),
            let name = binding.at("roleRef", "name")?.stringValue
        else { return false }
        let role: JSONValue?
        switch binding.at("roleRef", "kind")?.stringValue {
        case "ClusterRole": role = await store.get(.clusterRoles, name: name)
        case "Role": role = await store.get(.roles, namespace: namespace, name: name)
        default: role = nil
        }
        return role?["rules"]?.arrayValue?.contains { PolicyRule($0).allows(attributes) } ?? false
    }
}

extension APIUser {
    static let masters = "system:masters"
    static let authenticated = "system:authenticated"
    static let admin = APIUser(name: "kubernetes-admin", groups: [masters, authenticated])
    static let anonymous = APIUser(name: "system:anonymous", groups: ["system:unauthenticated"])

    /// Whether a binding's subject means this user.
    /// - Parameter namespace: the binding's own, in which a service account without a namespace is meant.
    func `is`(subject: JSONValue, in namespace: String?) -> Bool {
        let subjectName = subject["name"]?.stringValue ?? ""
        switch subject["kind"]?.stringValue {
        case "User": return name == subjectName
        case "Group": return groups.contains(subjectName)
        case "ServiceAccount":
            guard let place = subject["namespace"]?.stringValue ?? namespace, !place.isEmpty else { return false }
            return name == "system:serviceaccount:\(place):\(subjectName)"
        default: return false
        }
    }
}
