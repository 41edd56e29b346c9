import Shared

/// What in one of our containers isn't ours, and the container without it.
///
/// A volume can't be taken out of a pod while a container mounts it (the API server refuses the whole patch), so mounts
/// go together with their volumes.
struct ContainerStrangers {
    /// As they stand in the container: `args`, `volumeMounts[/data]`.
    private(set) var fields: [String] = []
    private(set) var container: JSONValue

    /// Fields that change what the container runs or may do. We set some of them, and a live one only then.
    private static let exclusiveFields = [
        "args", "envFrom", "lifecycle", "livenessProbe", "readinessProbe", "startupProbe", "volumeDevices",
    ]

    /// Lists all of whose members are ours, and what tells their members apart. A mount at our path but of another
    /// volume would go with that volume.
    private static let exclusiveLists = [
        (list: "env", keys: ["name"]), (list: "volumeMounts", keys: ["mountPath", "name"]),
    ]

    init(in live: JSONValue, wanted: JSONValue) {
        container = live
        for field in Self.exclusiveFields where wanted[field] == nil && live[field] != nil {
            fields.append(field)
            container[field] = nil
        }
        for (list, keys) in Self.exclusiveLists {
            func identity(_ member: JSONValue) -> [String] { keys.map { member[$0]?.stringValue ?? "" } }
            let ours = Set((wanted[list]?.arrayValue ?? []).map(identity))
            guard let members = live[list]?.arrayValue else { continue }
            let others = members.map(identity).filter { !ours.contains($0) }
            guard !others.isEmpty else { continue }
            fields += others.map { "\(list)[\($0.first ?? "")]" }
            container[list] = .array(members.filter { ours.contains(identity($0)) })
        }
        if live["securityContext"]?["capabilities"]?["add"] != nil,
            wanted["securityContext"]?["capabilities"]?["add"] == nil
        {
            fields.append("securityContext.capabilities.add")
            container["securityContext"]?["capabilities"]?["add"] = nil
        }
    }
}
