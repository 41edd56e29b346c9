import Shared

/// One rule of a Role or a ClusterRole: who is bound to it may make the requests that it matches.
struct PolicyRule: Sendable, Equatable {
    var verbs: [String] = []
    var apiGroups: [String] = []
    /// `pods`, `pods/status`, `*/scale`, `*`.
    var resources: [String] = []
    /// Empty: objects of any name, and requests that name none.
    var resourceNames: [String] = []
    /// `/metrics`, `/api/*`: a `*` counts at the end alone.
    var nonResourceURLs: [String] = []

    func allows(_ attributes: AccessAttributes) -> Bool {
        guard verbs.contains("*") || verbs.contains(attributes.verb) else { return false }
        if let path = attributes.path { return nonResourceURLs.contains { Self.covers($0, path) } }
        return (apiGroups.contains("*") || apiGroups.contains(attributes.group))
            && resources.contains { Self.covers($0, attributes.resource, attributes.subresource) }
            // A creation names nothing, nor does a list of many: named rules never match those.
            && (resourceNames.isEmpty || resourceNames.contains(attributes.name ?? ""))
    }

    private static func covers(_ rule: String, _ path: String) -> Bool {
        if rule == "*" || rule == path { return true }
        guard rule.hasSuffix("*") else { return false }
        return path.hasPrefix(rule.prefix(rule.count - 1))
    }

    private static func covers(_ rule: String, _ resource: String, _ subresource: String) -> Bool {
        if rule == "*" { return true }
        if subresource.isEmpty { return rule == resource }
        return rule == "\(resource)/\(subresource)" || rule == "*/\(subresource)"
    }
}

extension PolicyRule {
    init(_ rule: JSONValue) {
        func texts(_ name: String) -> [String] { rule[name]?.arrayValue?.compactMap(\.stringValue) ?? [] }
        self.init(
            verbs: texts("verbs"), apiGroups: texts("apiGroups"), resources: texts("resources"),
            resourceNames: texts("resourceNames"), nonResourceURLs: texts("nonResourceURLs"))
    }

    /// What every cluster grants without anybody's asking: who somebody is, what there is, and how it is.
    static func builtIn(for user: APIUser) -> [PolicyRule] {
        var rules = [
            PolicyRule(
                verbs: ["get"],
                nonResourceURLs: ["/healthz", "/livez", "/readyz", "/healthz/*", "/livez/*", "/readyz/*", "/version"])
        ]
        guard user.groups.contains(APIUser.authenticated) else { return rules }
        rules += [
            PolicyRule(
                verbs: ["create"], apiGroups: ["authorization.k8s.io"],
                resources: ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]),
            PolicyRule(verbs: ["get"], nonResourceURLs: ["/api", "/api/*", "/apis", "/apis/*", "/version/"]),
        ]
        return rules
    }
}
