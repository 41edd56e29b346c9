import FoundationEssentials
import Shared

/// The checks of the API server that a coordinator can run into.
enum ObjectValidation {
    /// Everything that is wrong with an object, in the order in which the API server tells it; `old` is nil when the
    /// object is new.
    static func faults(_ type: ResourceType, _ object: JSONValue, old: JSONValue?) -> [FieldFault] {
        var faults = metadataFaults(type, object)
        switch type {
        case .daemonSets: faults += DaemonSetValidation.faults(object, old: old)
        case .deployments, .replicaSets:
            faults += WorkloadValidation.faults(object, old: old, word: type.kind.lowercased())
        case .pods:
            faults += PodSpecValidation.faults(object["spec"] ?? .object([:]), "spec")
            if let old { faults += podUpdateFaults(object, old: old) }
        case .configMaps: faults += configMapFaults(object, old: old)
        case .secrets: faults += secretFaults(object, old: old)
        case .leases: faults += LeaseValidation.faults(object)
        default: break
        }
        return faults
    }

    private static func metadataFaults(_ type: ResourceType, _ object: JSONValue) -> [FieldFault] {
        var faults: [FieldFault] = []
        let name = object.name
        if name.isEmpty {
            faults.append(.required("metadata.name", "name or generateName is required"))
        } else if type == .namespaces, let fault = Names.labelFault(name) {
            faults.append(.invalid("metadata.name", .string(name), fault))
        } else if type.group != "rbac.authorization.k8s.io", let fault = Names.subdomainFault(name) {
            faults.append(.invalid("metadata.name", .string(name), fault))
        }
        faults += labelFaults(object, "metadata")
        let annotations = object.annotations
        for key in annotations.keys.sorted() {
            if let fault = Names.keyFault(key.lowercased()) {
                faults.append(.invalid("metadata.annotations", .string(key), fault))
            }
        }
        let size = annotations.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        if size > 262_144 {
            faults.append(.tooLong("metadata.annotations", "may not be more than 262144 bytes"))
        }
        return faults
    }

    /// Faults of the labels below `field`, which is `metadata` or a template's.
    static func labelFaults(_ object: JSONValue, _ field: String) -> [FieldFault] {
        object.labels.sorted { $0.key < $1.key }.flatMap { key, value in
            [
                Names.keyFault(key).map { FieldFault.invalid("\(field).labels", .string(key), $0) },
                Names.valueFault(value).map { FieldFault.invalid("\(field).labels", .string(value), $0) },
            ]
            .compactMap(\.self)
        }
    }

    private static func configMapFaults(_ object: JSONValue, old: JSONValue?) -> [FieldFault] {
        var faults: [FieldFault] = []
        let data = object["data"]?.stringMap ?? [:]
        let binary = object["binaryData"]?.stringMap ?? [:]
        for key in (Array(data.keys) + binary.keys).sorted() where !isConfigKey(key) {
            faults.append(
                .invalid(
                    "data[\(key)]", .string(key),
                    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
                        + "'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"))
        }
        let size = (Array(data.values) + binary.values).reduce(0) { $0 + $1.utf8.count }
        if size > 1 << 20 { faults.append(.tooLong("", "may not be more than 1048576 bytes")) }
        if let old, old["immutable"] == true, old["data"] != object["data"] {
            faults.append(.forbidden("data", "field is immutable when `immutable` is set"))
        }
        return faults
    }

    private static func secretFaults(_ object: JSONValue, old: JSONValue?) -> [FieldFault] {
        var faults = (object["data"]?.stringMap ?? [:]).keys.sorted().filter { !isConfigKey($0) }.map {
            FieldFault.invalid("data[\($0)]", .string($0), "a valid config key must consist of alphanumeric characters")
        }
        if let old, old["type"] != object["type"] {
            faults.append(.invalid("type", object["type"] ?? .null, "field is immutable"))
        }
        return faults
    }

    private static func isConfigKey(_ key: String) -> Bool {
        !key.isEmpty && key.utf8.count <= 253 && key != "." && !key.hasPrefix("..")
            && key.unicodeScalars.allSatisfy {
                $0.isASCII
                    && ($0.properties.isAlphabetic || "-._".unicodeScalars.contains($0) || ("0"..."9").contains($0))
            }
    }

    /// Of a pod's spec hardly anything can be changed.
    private static func podUpdateFaults(_ pod: JSONValue, old: JSONValue) -> [FieldFault] {
        func fixed(_ pod: JSONValue) -> JSONValue {
            var spec = pod["spec"] ?? .object([:])
            for list in ["containers", "initContainers"] {
                guard let containers = spec[list]?.arrayValue else { continue }
                spec[list] = .array(
                    containers.map { container in
                        var container = container
                        container["image"] = nil
                        return container
                    })
            }
            for name in ["tolerations", "activeDeadlineSeconds", "terminationGracePeriodSeconds"] { spec[name] = nil }
            // A pod that has none yet is given its node by the scheduler.
            if old.at("spec", "nodeName")?.stringValue?.isEmpty ?? true { spec["nodeName"] = nil }
            return spec
        }
        guard fixed(pod) != fixed(old) else { return [] }
        return [
            .forbidden(
                "spec",
                "pod updates may not change fields other than `spec.containers[*].image`,"
                    + "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to "
                    + "existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
                    + "previously negative)")
        ]
    }
}
