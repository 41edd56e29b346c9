import Shared

/// What the API server does to an object between request and storage: fills in defaults, keeps what a client can't
/// write, raises the generation, and checks.
enum Admission {
    /// Types whose `metadata.generation` counts changes of their spec.
    private static let counted: Set<ResourceType> = [
        .pods, .daemonSets, .deployments, .replicaSets, .definitions, .imagePullers,
    ]
    /// The API's shadow of a DaemonSet's `spec.templateGeneration`.
    static let templateGeneration = "deprecated.daemonset.template.generation"

    static func prepareForCreate(_ type: ResourceType, _ object: inout JSONValue) {
        ObjectDefaults.fill(type, &object)
        ObjectDefaults.resetStatus(type, &object)
        object.set("metadata", "generation", to: counted.contains(type) ? 1 : nil)
        if type == .daemonSets { object.set("metadata", "annotations", templateGeneration, to: "1") }
    }

    /// The next version of an object: what the client may write from `new`, the rest from `old`.
    static func prepareForUpdate(
        _ type: ResourceType, _ new: JSONValue, old: JSONValue, subresource: ObjectStore.Subresource
    ) -> JSONValue {
        if subresource == .status {
            var result = old
            result["status"] = new["status"] ?? .object([:])
            if let managed = new.at("metadata", "managedFields") {
                result.set("metadata", "managedFields", to: managed)
            }
            return result
        }
        if subresource == .ephemeralContainers {
            // All else that the request changes is left out, metadata too (measured).
            var result = old
            result.set("spec", "ephemeralContainers", to: new.at("spec", "ephemeralContainers"))
            if result["spec"] != old["spec"] {
                let generation = old.at("metadata", "generation")?.integerValue ?? 0
                result.set("metadata", "generation", to: .integer(generation + 1))
            }
            return result
        }
        var result = new
        for name in [
            "name", "namespace", "uid", "creationTimestamp", "resourceVersion", "generation", "generateName",
            "deletionTimestamp", "deletionGracePeriodSeconds",
        ] {
            result.set("metadata", name, to: old.at("metadata", name))
        }
        if new.at("metadata", "managedFields") == nil {
            result.set("metadata", "managedFields", to: old.at("metadata", "managedFields"))
        }
        if type.hasStatus { result["status"] = old["status"] }
        result["apiVersion"] = old["apiVersion"]
        result["kind"] = old["kind"]
        ObjectDefaults.fill(type, &result)
        if type == .daemonSets { keepTemplateGeneration(&result, old: old) }
        if counted.contains(type), result["spec"] != old["spec"] {
            let generation = old.at("metadata", "generation")?.integerValue ?? 0
            result.set("metadata", "generation", to: .integer(generation + 1))
        }
        return result
    }

    /// Whether an object that is being deleted must stay for now.
    static func holdsDeletion(_ type: ResourceType, _ object: JSONValue) -> Bool {
        if object.at("metadata", "finalizers")?.arrayValue?.isEmpty == false { return true }
        return type == .pods && (object.at("metadata", "deletionGracePeriodSeconds")?.integerValue ?? 0) > 0
    }

    /// Seconds that a pod gets to stop: none when no node has it or its containers have ended.
    static func gracePeriod(_ pod: JSONValue, asked: Int?) -> Int {
        if pod.at("spec", "nodeName")?.stringValue?.isEmpty ?? true { return 0 }
        if ["Succeeded", "Failed"].contains(pod.at("status", "phase")?.stringValue) { return 0 }
        return max(0, asked ?? Int(pod.at("spec", "terminationGracePeriodSeconds")?.integerValue ?? 30))
    }

    static func validate(_ type: ResourceType, _ object: JSONValue, old: JSONValue?) throws(APIError) {
        let faults = ObjectValidation.faults(type, object, old: old)
        if !faults.isEmpty { throw .invalid(type, object.name, faults) }
    }

    private static func keepTemplateGeneration(_ object: inout JSONValue, old: JSONValue) {
        var generation = old.annotations[templateGeneration].flatMap(Int.init) ?? 1
        if object.at("spec", "template") != old.at("spec", "template") { generation += 1 }
        object.set("metadata", "annotations", templateGeneration, to: .string(String(generation)))
    }
}
