import Shared

/// Which lists are merged by keys, and which objects are taken whole: the few of the API's `x-kubernetes-list-map-keys`
/// and `x-kubernetes-map-type` that our objects have. Fields are known by their names; everything else is merged as
/// its JSON suggests (objects by member, lists whole).
struct MergeRules: Sendable {
    enum List: Sendable {
        /// Replaced whole.
        case atomic
        /// A set of plain values.
        case set
        case keyed(ListKey)
    }

    /// The members by which the elements of a list are told apart.
    struct ListKey: Sendable {
        /// Names, with the value that an element without the member has.
        let members: [(name: String, fallback: JSONValue?)]

        /// The element's step in a path of managed fields: `k:{"name":"a"}`.
        func path(_ element: JSONValue) -> String {
            var key: JSONValue = .object([:])
            for member in members { key[member.name] = element[member.name] ?? member.fallback }
            return "k:" + String(decoding: key.encoded(), as: UTF8.self)
        }
    }

    private let type: ResourceType

    init(_ type: ResourceType) { self.type = type }

    /// Whether an object without the field is the same: structs of Go are always there, fields of custom resources aren't.
    func isAlwaysThere(_ field: String) -> Bool {
        ["", "metadata", "status", "template", "updateStrategy"].contains(field) || field == "spec" && !type.isCustom
    }

    func list(_ field: String) -> List {
        switch field {
        case "containers", "initContainers", "ephemeralContainers", "volumes", "env", "imagePullSecrets":
            key("name")
        case "volumeMounts": key("mountPath")
        case "volumeDevices": key("devicePath")
        case "ports": key(type == .services ? "port" : "containerPort", protocolFallback: true)
        case "hostAliases": key("ip")
        case "topologySpreadConstraints": key("topologyKey", "whenUnsatisfiable")
        case "conditions": key("type")
        case "ownerReferences": key("uid")
        case "secrets" where type == .serviceAccounts: key("name")
        case "finalizers": .set
        default: .atomic
        }
    }

    func isAtomicObject(_ field: String) -> Bool {
        [
            "selector", "nodeSelector", "labelSelector", "namespaceSelector", "fieldRef", "secretRef", "configMapRef",
            "configMapKeyRef", "secretKeyRef", "resourceFieldRef", "roleRef",
            "requiredDuringSchedulingIgnoredDuringExecution", "involvedObject",
        ].contains(field)
    }

    private func key(_ names: String..., protocolFallback: Bool = false) -> List {
        var members: [(name: String, fallback: JSONValue?)] = names.map { ($0, nil) }
        if protocolFallback { members.append(("protocol", "TCP")) }
        return .keyed(ListKey(members: members))
    }
}
