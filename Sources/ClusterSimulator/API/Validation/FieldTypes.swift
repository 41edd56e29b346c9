import Shared

/// The types of the fields that people get wrong. The API server refuses a wrong type with 400, before validation.
enum FieldTypes {
    indirect enum Form: Sendable {
        case string, integer, boolean
        /// RFC 3339 with exactly six digits of a second.
        case microTime
        case strings
        case stringMap
        /// The Go name of the struct, the Go name of its type, and its fields.
        case structure(String, type: String, [String: Form])
        case list(of: Form, type: String)
    }

    static func check(_ object: JSONValue, _ type: ResourceType) throws(APIError) {
        let fields = ["metadata": metadata].merging(own(type)) { $1 }
        guard let fault = fault(object, .structure(type.kind, type: "v1.\(type.kind)", fields), [], type.kind) else {
            return
        }
        throw .badRequest(
            "\(type.kind) in version \"\(type.version)\" cannot be handled as a \(type.kind): json: \(fault)")
    }

    /// What Go's decoder calls a value of this type.
    static func word(_ value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool: "bool"
        case .integer, .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    private static func fault(_ value: JSONValue, _ form: Form, _ path: [String], _ owner: String) -> String? {
        if value == .null { return nil }
        func wrong(_ type: String) -> String {
            let place = path.isEmpty ? "value" : "struct field \(owner).\(path.joined(separator: "."))"
            return "cannot unmarshal \(word(value)) into Go \(place) of type \(type)"
        }
        switch form {
        case .string: return value.stringValue == nil ? wrong("string") : nil
        case .microTime:
            guard let text = value.stringValue else { return wrong("string") }
            return LeaseValidation.microTimeFault(text)
        case .integer: return value.integerValue == nil ? wrong("int64") : nil
        case .boolean: return value.boolValue == nil ? wrong("bool") : nil
        case .strings: return fault(value, .list(of: .string, type: "[]string"), path, owner)
        case .stringMap:
            guard let members = value.objectValue else { return wrong("map[string]string") }
            return first(members) { fault($1, .string, path, owner) }
        case .structure(let name, let type, let fields):
            guard let members = value.objectValue else { return wrong(type) }
            return first(members) { key, member in
                fields[key].flatMap { fault(member, $0, path + [key], name) }
            }
        case .list(let element, let type):
            guard let elements = value.arrayValue else { return wrong(type) }
            return elements.lazy.compactMap { fault($0, element, path, owner) }.first
        }
    }

    /// The first fault among members, in the order of their names.
    private static func first(
        _ members: [String: JSONValue], _ find: (String, JSONValue) -> String?
    ) -> String? {
        for (key, value) in members.sorted(by: { $0.key < $1.key }) {
            if let fault = find(key, value) { return fault }
        }
        return nil
    }

    private static func own(_ type: ResourceType) -> [String: Form] {
        switch type {
        case .configMaps: ["data": .stringMap, "immutable": .boolean]
        case .secrets: ["data": .stringMap, "stringData": .stringMap, "type": .string]
        case .pods: ["spec": podSpec]
        case .daemonSets, .deployments, .replicaSets:
            [
                "spec": .structure(
                    "\(type.kind)Spec", type: "v1.\(type.kind)Spec",
                    [
                        "selector": labelSelector, "template": template, "replicas": .integer,
                        "minReadySeconds": .integer, "revisionHistoryLimit": .integer,
                    ])
            ]
        case .leases:
            [
                "spec": .structure(
                    "LeaseSpec", type: "v1.LeaseSpec",
                    [
                        "holderIdentity": .string, "leaseDurationSeconds": .integer, "leaseTransitions": .integer,
                        "acquireTime": .microTime, "renewTime": .microTime,
                    ])
            ]
        default: [:]
        }
    }

    private static let metadata = Form.structure(
        "ObjectMeta", type: "v1.ObjectMeta",
        [
            "name": .string, "namespace": .string, "generateName": .string, "resourceVersion": .string,
            "uid": .string, "labels": .stringMap, "annotations": .stringMap, "finalizers": .strings,
            "ownerReferences": .list(
                of: .structure("OwnerReference", type: "v1.OwnerReference", ["name": .string, "uid": .string]),
                type: "[]v1.OwnerReference"),
        ])

    private static let labelSelector = Form.structure(
        "LabelSelector", type: "v1.LabelSelector", ["matchLabels": .stringMap])

    private static let template = Form.structure(
        "PodTemplateSpec", type: "v1.PodTemplateSpec", ["metadata": metadata, "spec": podSpec])

    private static let podSpec = Form.structure(
        "PodSpec", type: "v1.PodSpec",
        [
            "containers": .list(of: container, type: "[]v1.Container"),
            "initContainers": .list(of: container, type: "[]v1.Container"),
            "nodeSelector": .stringMap, "nodeName": .string, "hostNetwork": .boolean,
            "terminationGracePeriodSeconds": .integer, "automountServiceAccountToken": .boolean,
            "affinity": .structure("Affinity", type: "v1.Affinity", [:]),
            "tolerations": .list(
                of: .structure(
                    "Toleration", type: "v1.Toleration",
                    ["key": .string, "operator": .string, "value": .string, "effect": .string]),
                type: "[]v1.Toleration"),
        ])

    private static let container = Form.structure(
        "Container", type: "v1.Container",
        [
            "name": .string, "image": .string, "command": .strings, "args": .strings, "imagePullPolicy": .string,
            "env": .list(
                of: .structure("EnvVar", type: "v1.EnvVar", ["name": .string, "value": .string]), type: "[]v1.EnvVar"),
            "resources": .structure("ResourceRequirements", type: "v1.ResourceRequirements", [:]),
            "securityContext": .structure(
                "SecurityContext", type: "v1.SecurityContext",
                ["runAsUser": .integer, "runAsGroup": .integer, "runAsNonRoot": .boolean]),
        ])
}
