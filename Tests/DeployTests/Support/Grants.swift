import Shared

/// What RBAC objects allow an account, one permission a line: `namespace/x apps/daemonsets patch`.
struct Grants {
    let objects: [JSONValue]

    /// - Parameter account: the name of a ServiceAccount.
    func of(_ account: String) -> Set<String> {
        var grants: Set<String> = []
        for binding in objects where ["RoleBinding", "ClusterRoleBinding"].contains(binding.kind) {
            let subjects = binding["subjects"]?.arrayValue ?? []
            guard subjects.contains(where: { $0.kind == "ServiceAccount" && $0["name"]?.stringValue == account }) else {
                continue
            }
            let scope = binding.kind == "RoleBinding" ? "namespace/\(binding.namespace)" : "cluster"
            let role = objects.first {
                $0.kind == binding.at("roleRef", "kind")?.stringValue
                    && $0.name == binding.at("roleRef", "name")?.stringValue
                    && ($0.kind == "ClusterRole" || $0.namespace == binding.namespace)
            }
            guard let role else {
                grants.insert("\(scope) a role that is missing")
                continue
            }
            for rule in Self.permissions(role) { grants.insert("\(scope) \(rule)") }
        }
        return grants
    }

    /// The permissions of one role.
    static func permissions(_ role: JSONValue) -> Set<String> {
        var permissions: Set<String> = []
        for rule in role["rules"]?.arrayValue ?? [] {
            func texts(_ field: String) -> [String] { (rule[field]?.arrayValue ?? []).compactMap(\.stringValue) }
            let names = texts("resourceNames").isEmpty ? ["*"] : texts("resourceNames")
            for verb in texts("verbs") {
                for url in texts("nonResourceURLs") { permissions.insert("\(url) \(verb)") }
                for group in texts("apiGroups") {
                    for resource in texts("resources") {
                        for name in names { permissions.insert("\(group)/\(resource) \(name) \(verb)") }
                    }
                }
            }
        }
        return permissions
    }
}
