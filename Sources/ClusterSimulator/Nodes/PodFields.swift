import Shared

/// Fields of a pod by their path, as the downward API knows them.
enum PodFields {
    static func value(_ path: String, of pod: JSONValue) -> String? {
        switch path {
        case "metadata.name": pod.name
        case "metadata.namespace": pod.namespace
        case "metadata.uid": pod.uid
        case "spec.nodeName": pod.at("spec", "nodeName")?.stringValue
        case "spec.serviceAccountName": pod.at("spec", "serviceAccountName")?.stringValue
        case "status.hostIP": pod.at("status", "hostIP")?.stringValue
        case "status.podIP": pod.at("status", "podIP")?.stringValue
        default: labelOrAnnotation(path, of: pod)
        }
    }

    /// `metadata.labels['key']`
    private static func labelOrAnnotation(_ path: String, of pod: JSONValue) -> String? {
        for (prefix, values) in [("metadata.labels['", pod.labels), ("metadata.annotations['", pod.annotations)]
        where path.hasPrefix(prefix) && path.hasSuffix("']") {
            return values[String(path.dropFirst(prefix.count).dropLast(2))]
        }
        return nil
    }
}
