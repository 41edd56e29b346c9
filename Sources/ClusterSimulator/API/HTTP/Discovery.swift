import Shared

/// What the API says of itself.
struct Discovery {
    private let types: [ResourceType]

    /// - Parameter types: that are served.
    init(_ types: [ResourceType]) { self.types = types }

    /// The version of the cluster that the captured facts come from.
    static let version: JSONValue = [
        "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36", "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "35", "gitVersion": "v1.36.2", "gitCommit": "simulated", "gitTreeState": "clean",
        "buildDate": "2026-08-21T00:00:00Z", "goVersion": "none", "compiler": "none", "platform": "linux/amd64",
    ]

    static let coreVersions: JSONValue = [
        "kind": "APIVersions", "versions": ["v1"],
        "serverAddressByClientCIDRs": [],
    ]

    var groups: JSONValue {
        [
            "kind": "APIGroupList", "apiVersion": "v1",
            "groups": .array(groupNames.map(groupBody)),
        ]
    }

    func group(_ name: String) -> JSONValue? {
        guard groupNames.contains(name) else { return nil }
        var group = groupBody(name)
        group["kind"] = "APIGroup"
        group["apiVersion"] = "v1"
        return group
    }

    func resources(group: String, version: String) -> JSONValue? {
        let types = types.filter { $0.group == group && $0.version == version }
        let reviews = version == "v1" ? APIPath.reviews.filter { $0.value == group }.keys.sorted() : []
        guard !types.isEmpty || !reviews.isEmpty else { return nil }
        let resources =
            types.flatMap(Self.entries) + reviews.map { Self.entry($0, kind: $0, namespaced: false, ["create"]) }
        let groupVersion = group.isEmpty ? version : "\(group)/\(version)"
        return [
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": .string(groupVersion),
            "resources": .array(resources),
        ]
    }

    private var groupNames: [String] {
        var names: [String] = []
        for name in types.map(\.group) + APIPath.reviews.values.sorted()
        where !name.isEmpty && !names.contains(name) {
            names.append(name)
        }
        return names
    }

    private func groupBody(_ name: String) -> JSONValue {
        let number = types.first { $0.group == name }?.version ?? "v1"
        let version: JSONValue = ["groupVersion": .string("\(name)/\(number)"), "version": .string(number)]
        return ["name": .string(name), "versions": [version], "preferredVersion": version]
    }

    private static func entries(_ type: ResourceType) -> [JSONValue] {
        let verbs: [JSONValue] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
        var whole = entry(type.plural, kind: type.kind, namespaced: type.namespaced, verbs)
        whole["singularName"] = .string(type.kind.lowercased())
        guard type.hasStatus else { return [whole] }
        let status = entry(
            "\(type.plural)/status", kind: type.kind, namespaced: type.namespaced, ["get", "patch", "update"])
        return [whole, status]
    }

    private static func entry(
        _ name: String, kind: String, namespaced: Bool, _ verbs: [JSONValue]
    ) -> JSONValue {
        [
            "name": .string(name), "singularName": "", "namespaced": .bool(namespaced), "kind": .string(kind),
            "verbs": .array(verbs),
        ]
    }
}
