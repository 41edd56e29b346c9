import FoundationEssentials
import Shared

/// The values that the API server fills in where a client left them out.
enum ObjectDefaults {
    static func fill(_ type: ResourceType, _ object: inout JSONValue) {
        switch type {
        case .daemonSets: fillDaemonSet(&object)
        case .deployments, .replicaSets: fillReplicated(&object)
        case .pods: fillPod(&object)
        case .namespaces: fillNamespace(&object)
        case .secrets: fillSecret(&object)
        case .events, .eventsV1:
            // Written even when there is none: the Go type says so.
            if object["eventTime"] == nil { object["eventTime"] = .null }
        default: break
        }
    }

    /// The status that a new object starts with, whatever the client sent. Nodes keep theirs: a kubelet registers
    /// itself with one.
    static func resetStatus(_ type: ResourceType, _ object: inout JSONValue) {
        switch type {
        case .daemonSets:
            object["status"] = [
                "currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0, "numberReady": 0,
            ]
        case .pods: object["status"] = ["phase": "Pending", "qosClass": .string(qualityOfService(object))]
        case .namespaces: object["status"] = ["phase": "Active"]
        case .deployments: object["status"] = .object([:])
        case .replicaSets: object["status"] = ["replicas": 0]
        case .services: object["status"] = ["loadBalancer": [:]]
        case .imagePullers: object["status"] = nil
        case .definitions:
            object["status"] = [
                "acceptedNames": object.at("spec", "names") ?? [:],
                "conditions": [["type": "Established", "status": "True", "reason": "InitialNamesAccepted"]],
            ]
        default: break
        }
    }

    private static func fillDaemonSet(_ object: inout JSONValue) {
        guard var spec = object["spec"], spec.objectValue != nil else { return }
        fillMissing(&spec, "revisionHistoryLimit", 10)
        var strategy = spec["updateStrategy"] ?? .object([:])
        fillMissing(&strategy, "type", "RollingUpdate")
        if strategy["type"] == "RollingUpdate" {
            var rolling = strategy["rollingUpdate"] ?? .object([:])
            fillMissing(&rolling, "maxUnavailable", 1)
            fillMissing(&rolling, "maxSurge", 0)
            strategy["rollingUpdate"] = rolling
        }
        spec["updateStrategy"] = strategy
        fillTemplate(&spec)
        object["spec"] = spec
    }

    private static func fillReplicated(_ object: inout JSONValue) {
        guard var spec = object["spec"], spec.objectValue != nil else { return }
        fillMissing(&spec, "replicas", 1)
        fillTemplate(&spec)
        object["spec"] = spec
    }

    private static func fillTemplate(_ spec: inout JSONValue) {
        guard var pod = spec.at("template", "spec"), pod.objectValue != nil else { return }
        fillPodSpec(&pod)
        spec.set("template", "spec", to: pod)
    }

    private static func fillPod(_ object: inout JSONValue) {
        guard var spec = object["spec"], spec.objectValue != nil else { return }
        fillPodSpec(&spec)
        fillMissing(&spec, "serviceAccountName", "default")
        spec["serviceAccount"] = spec["serviceAccountName"]
        fillMissing(&spec, "enableServiceLinks", true)
        fillMissing(&spec, "priority", 0)
        fillMissing(&spec, "preemptionPolicy", "PreemptLowerPriority")
        object["spec"] = spec
    }

    /// `stringData` is for writing alone: it is kept in `data`, in base64.
    private static func fillSecret(_ object: inout JSONValue) {
        fillMissing(&object, "type", "Opaque")
        guard let plain = object["stringData"]?.stringMap else { return }
        for (key, text) in plain {
            object.set("data", key, to: .string(Data(text.utf8).base64EncodedString()))
        }
        object["stringData"] = nil
    }

    private static func fillNamespace(_ object: inout JSONValue) {
        object.set("metadata", "labels", "kubernetes.io/metadata.name", to: .string(object.name))
        if object["spec"] == nil { object["spec"] = ["finalizers": ["kubernetes"]] }
    }

    private static func fillPodSpec(_ spec: inout JSONValue) {
        fillMissing(&spec, "dnsPolicy", "ClusterFirst")
        fillMissing(&spec, "restartPolicy", "Always")
        fillMissing(&spec, "schedulerName", "default-scheduler")
        fillMissing(&spec, "securityContext", .object([:]))
        fillMissing(&spec, "terminationGracePeriodSeconds", 30)
        if let account = spec["serviceAccountName"] { spec["serviceAccount"] = account }
        for list in ["containers", "initContainers"] {
            guard let containers = spec[list]?.arrayValue else { continue }
            spec[list] = .array(containers.map(filledContainer))
        }
        if let volumes = spec["volumes"]?.arrayValue { spec["volumes"] = .array(volumes.map(filledVolume)) }
    }

    private static func filledContainer(_ container: JSONValue) -> JSONValue {
        guard container.objectValue != nil else { return container }
        var container = container
        fillMissing(&container, "resources", .object([:]))
        fillMissing(&container, "terminationMessagePath", "/dev/termination-log")
        fillMissing(&container, "terminationMessagePolicy", "File")
        let isMoving = container["image"]?.stringValue.map(movesByDefault) ?? false
        fillMissing(&container, "imagePullPolicy", isMoving ? "Always" : "IfNotPresent")
        if var resources = container["resources"], let limits = resources["limits"]?.objectValue {
            var requests = resources["requests"]?.objectValue ?? [:]
            requests.merge(limits) { own, _ in own }
            resources["requests"] = .object(requests)
            container["resources"] = resources
        }
        if let variables = container["env"]?.arrayValue {
            container["env"] = .array(variables.map(filledVariable))
        }
        if let ports = container["ports"]?.arrayValue {
            container["ports"] = .array(ports.map { filled($0, "protocol", "TCP") })
        }
        return container
    }

    private static func filledVariable(_ variable: JSONValue) -> JSONValue {
        guard var reference = variable.at("valueFrom", "fieldRef") else { return variable }
        var variable = variable
        fillMissing(&reference, "apiVersion", "v1")
        variable.set("valueFrom", "fieldRef", to: reference)
        return variable
    }

    private static func filledVolume(_ volume: JSONValue) -> JSONValue {
        var volume = volume
        for source in ["secret", "configMap", "downwardAPI", "projected"] {
            guard var members = volume[source], members.objectValue != nil else { continue }
            fillMissing(&members, "defaultMode", 420)
            volume[source] = members
        }
        if var path = volume["hostPath"], path.objectValue != nil {
            fillMissing(&path, "type", "")
            volume["hostPath"] = path
        }
        return volume
    }

    /// Whether an image's reference is `:latest` by word or by absence of tag and digest.
    private static func movesByDefault(_ image: String) -> Bool {
        if image.contains("@") { return false }
        let last = image.split(separator: "/").last ?? ""
        return !last.contains(":") || last.hasSuffix(":latest")
    }

    /// `Guaranteed` when every container's requests equal its limits for both cpu and memory, `BestEffort` when none
    /// has any, else `Burstable`.
    private static func qualityOfService(_ pod: JSONValue) -> String {
        let lists = [pod.at("spec", "containers"), pod.at("spec", "initContainers")]
        let resources = lists.flatMap { $0?.arrayValue ?? [] }.map { $0["resources"] ?? .object([:]) }
        let isEmpty = resources.allSatisfy {
            ($0["requests"]?.objectValue ?? [:]).isEmpty && ($0["limits"]?.objectValue ?? [:]).isEmpty
        }
        if isEmpty { return "BestEffort" }
        let isGuaranteed = resources.allSatisfy { resource in
            ["cpu", "memory"].allSatisfy {
                resource.at("limits", $0) != nil && resource.at("limits", $0) == resource.at("requests", $0)
            }
        }
        return isGuaranteed ? "Guaranteed" : "Burstable"
    }

    private static func filled(_ object: JSONValue, _ name: String, _ value: JSONValue) -> JSONValue {
        var object = object
        fillMissing(&object, name, value)
        return object
    }

    private static func fillMissing(_ object: inout JSONValue, _ name: String, _ value: JSONValue) {
        if object[name] == nil || object[name] == .null { object[name] = value }
    }
}
