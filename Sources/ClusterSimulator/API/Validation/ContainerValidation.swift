import Shared

/// The checks of one container, its name apart.
enum ContainerValidation {
    static func faults(_ container: JSONValue, _ field: String, volumes: Set<String>) -> [FieldFault] {
        var faults: [FieldFault] = []
        let image = container["image"]?.stringValue ?? ""
        if image.isEmpty {
            faults.append(.required("\(field).image"))
        } else if image != image.trimmingWhitespace() {
            faults.append(
                .invalid("\(field).image", .string(image), "must not have leading or trailing whitespace"))
        }
        let policies = ["Always", "IfNotPresent", "Never"]
        if let policy = container["imagePullPolicy"], !policies.contains(policy.stringValue ?? "") {
            faults.append(.notSupported("\(field).imagePullPolicy", policy, policies))
        }
        return faults + mountFaults(container, field, volumes: volumes) + resourceFaults(container, field)
    }

    private static func mountFaults(
        _ container: JSONValue, _ field: String, volumes: Set<String>
    ) -> [FieldFault] {
        var faults: [FieldFault] = []
        var paths: Set<String> = []
        for (index, mount) in (container["volumeMounts"]?.arrayValue ?? []).enumerated() {
            let place = "\(field).volumeMounts[\(index)]"
            let name = mount["name"]?.stringValue ?? ""
            if name.isEmpty {
                faults.append(.required("\(place).name"))
            } else if !volumes.contains(name) {
                faults.append(.notFound("\(place).name", .string(name)))
            }
            let path = mount["mountPath"]?.stringValue ?? ""
            if path.isEmpty {
                faults.append(.required("\(place).mountPath"))
            } else if !paths.insert(path).inserted {
                faults.append(.invalid("\(place).mountPath", .string(path), "must be unique"))
            }
        }
        return faults
    }

    private static func resourceFaults(_ container: JSONValue, _ field: String) -> [FieldFault] {
        let limits = container.at("resources", "limits") ?? .object([:])
        let requests = container.at("resources", "requests") ?? .object([:])
        var faults: [FieldFault] = []
        for (kind, amounts) in [("limits", limits), ("requests", requests)] {
            for (name, amount) in (amounts.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
                if let quantity = quantity(amount) {
                    if quantity.value < 0 {
                        faults.append(
                            .invalid(
                                "\(field).resources.\(kind).\(name)", amount, "must be greater than or equal to 0"))
                    }
                } else {
                    // The real one can't even decode it, and answers 400; the words are the same.
                    faults.append(
                        .invalid(
                            "\(field).resources.\(kind).\(name)", amount,
                            "quantities must match the regular expression "
                                + "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"))
                }
            }
        }
        for (name, request) in (requests.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard let limit = limits[name], let most = quantity(limit), let least = quantity(request), least > most
            else { continue }
            let shown = limit.stringValue ?? "\(limit.integerValue ?? 0)"
            faults.append(
                .invalid(
                    "\(field).resources.requests", request, "must be less than or equal to \(name) limit of \(shown)"))
        }
        return faults
    }

    private static func quantity(_ amount: JSONValue) -> Quantity? {
        switch amount {
        case .string(let text): Quantity(text)
        case .integer(let number): Quantity(String(number))
        case .number(let number): Quantity(String(number))
        default: nil
        }
    }
}
