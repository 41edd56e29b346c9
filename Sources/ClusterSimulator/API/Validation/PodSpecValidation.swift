import Shared

/// The checks of a pod's spec, or of a template's.
enum PodSpecValidation {
    static func faults(_ spec: JSONValue, _ field: String) -> [FieldFault] {
        var faults: [FieldFault] = []
        let volumes = spec["volumes"]?.arrayValue ?? []
        var volumeNames: Set<String> = []
        for (index, volume) in volumes.enumerated() {
            faults += nameFaults(volume, "\(field).volumes[\(index)].name", among: &volumeNames)
        }
        let containers = spec["containers"]?.arrayValue ?? []
        if containers.isEmpty { faults.append(.required("\(field).containers")) }
        var names: Set<String> = []
        for (list, members) in [
            ("containers", containers), ("initContainers", spec["initContainers"]?.arrayValue ?? []),
        ] {
            for (index, container) in members.enumerated() {
                let place = "\(field).\(list)[\(index)]"
                faults += nameFaults(container, "\(place).name", among: &names)
                faults += ContainerValidation.faults(container, place, volumes: volumeNames)
            }
        }
        for key in (spec["nodeSelector"]?.stringMap ?? [:]).keys.sorted() {
            if let fault = Names.keyFault(key) {
                faults.append(.invalid("\(field).nodeSelector", .string(key), fault))
            }
        }
        for (key, value) in (spec["nodeSelector"]?.stringMap ?? [:]).sorted(by: { $0.key < $1.key }) {
            if let fault = Names.valueFault(value) {
                faults.append(.invalid("\(field).nodeSelector.\(key)", .string(value), fault))
            }
        }
        for (index, toleration) in (spec["tolerations"]?.arrayValue ?? []).enumerated() {
            faults += tolerationFaults(toleration, "\(field).tolerations[\(index)]")
        }
        return faults + affinityFaults(spec["affinity"] ?? .object([:]), "\(field).affinity")
    }

    private static func nameFaults(
        _ object: JSONValue, _ field: String, among names: inout Set<String>
    ) -> [FieldFault] {
        let name = object["name"]?.stringValue ?? ""
        if name.isEmpty { return [.required(field)] }
        if let fault = Names.labelFault(name) { return [.invalid(field, .string(name), fault)] }
        return names.insert(name).inserted ? [] : [.duplicate(field, .string(name))]
    }

    private static func tolerationFaults(_ toleration: JSONValue, _ field: String) -> [FieldFault] {
        var faults: [FieldFault] = []
        let key = toleration["key"]?.stringValue ?? ""
        let rule = toleration["operator"]?.stringValue ?? "Equal"
        if !key.isEmpty, let fault = Names.keyFault(key) {
            faults.append(.invalid("\(field).key", .string(key), fault))
        }
        if key.isEmpty, rule != "Exists" {
            faults.append(
                .invalid(
                    "\(field).operator", .string(rule),
                    "operator must be Exists when `key` is empty, which means \"match all values and all keys\""))
        }
        let effect = toleration["effect"] ?? ""
        if toleration["tolerationSeconds"] != nil, effect != "NoExecute" {
            faults.append(
                .invalid("\(field).effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"))
        }
        switch rule {
        case "Equal", "": break
        case "Exists":
            if let value = toleration["value"], value != "" {
                faults.append(
                    .invalid("\(field).operator", value, "value must be empty when `operator` is 'Exists'"))
            }
        default: faults.append(.notSupported("\(field).operator", .string(rule), ["Equal", "Exists"]))
        }
        if !["", "NoSchedule", "PreferNoSchedule", "NoExecute"].contains(effect) {
            faults.append(
                .notSupported("\(field).effect", effect, ["NoExecute", "NoSchedule", "PreferNoSchedule"]))
        }
        return faults
    }

    private static func affinityFaults(_ affinity: JSONValue, _ field: String) -> [FieldFault] {
        let place = "\(field).nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
        guard let required = affinity.at("nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution") else {
            return []
        }
        let terms = required["nodeSelectorTerms"]?.arrayValue ?? []
        if terms.isEmpty { return [.required(place, "must have at least one node selector term")] }
        var faults: [FieldFault] = []
        for (index, term) in terms.enumerated() {
            for (number, expression) in (term["matchExpressions"]?.arrayValue ?? []).enumerated() {
                let expressionField = "\(place)[\(index)].matchExpressions[\(number)]"
                let rule = expression["operator"] ?? .null
                let count = expression["values"]?.arrayValue?.count ?? 0
                switch rule {
                case "In", "NotIn":
                    if count == 0 {
                        faults.append(
                            .required(
                                "\(expressionField).values", "must be specified when `operator` is 'In' or 'NotIn'"))
                    }
                case "Exists", "DoesNotExist":
                    if count > 0 {
                        faults.append(
                            .forbidden(
                                "\(expressionField).values",
                                "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
                    }
                case "Gt", "Lt":
                    if count != 1 {
                        faults.append(
                            .required(
                                "\(expressionField).values",
                                "must be specified single value when `operator` is 'Lt' or 'Gt'"))
                    }
                default:
                    faults.append(.invalid("\(expressionField).operator", rule, "not a valid selector operator"))
                }
                if let key = expression["key"]?.stringValue, let fault = Names.keyFault(key) {
                    faults.append(.invalid("\(expressionField).key", .string(key), fault))
                }
            }
        }
        return faults
    }
}
