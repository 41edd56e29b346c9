import Shared

/// The checks of containers that are added to a running pod (measured on Kubernetes 1.36).
enum EphemeralValidation {
    private static let list = "spec.ephemeralContainers"

    /// Of the pod, and of what it was.
    static func faults(_ pod: JSONValue, old: JSONValue) -> [FieldFault] {
        let containers = pod.at("spec", "ephemeralContainers")?.arrayValue ?? []
        var faults: [FieldFault] = []
        var names = Set(
            ["containers", "initContainers"].flatMap { pod.at("spec", $0)?.arrayValue ?? [] }.compactMap {
                $0["name"]?.stringValue
            })
        for (index, container) in containers.enumerated() {
            let field = "\(list)[\(index)]"
            let name = container["name"]?.stringValue ?? ""
            if name.isEmpty {
                faults.append(.required("\(field).name"))
            } else if let fault = Names.labelFault(name) {
                faults.append(.invalid("\(field).name", .string(name), fault))
            } else if !names.insert(name).inserted {
                faults.append(.duplicate("\(field).name", .string(name)))
            }
            if container["image"]?.stringValue?.isEmpty ?? true { faults.append(.required("\(field).image")) }
            if container["resources"]?.objectValue?.isEmpty == false {
                faults.append(.forbidden("\(field).resources", "cannot be set for an Ephemeral Container"))
            }
        }
        let before = old.at("spec", "ephemeralContainers")?.arrayValue ?? []
        for container in before {
            let name = container["name"]?.stringValue ?? ""
            guard let now = containers.first(where: { $0["name"] == container["name"] }) else {
                faults.append(.forbidden(list, "existing ephemeral containers \"\(name)\" may not be removed\n"))
                continue
            }
            if now != container {
                faults.append(.forbidden(list, "existing ephemeral containers \"\(name)\" may not be changed\n"))
            }
        }
        return faults
    }

    /// The pod of that name isn't the one that was meant.
    static func foreignUID(_ uid: String) -> FieldFault {
        .invalid("metadata.uid", .string(uid), "field is immutable")
    }
}
