import FoundationEssentials
import Shared

/// The environment of a real program that runs in the place of a container.
///
/// There is no mount namespace: paths in values that begin with a mount path are rewritten to the folder that
/// stands for it.
struct ContainerEnvironment: Sendable {
    /// By mount path, the folder.
    let mounts: [String: String]
    let store: ObjectStore

    /// - Parameter folders: by the volume's name.
    init(container: JSONValue, folders: [String: String], store: ObjectStore) {
        var mounts: [String: String] = [:]
        for mount in container["volumeMounts"]?.arrayValue ?? [] {
            guard let path = mount["mountPath"]?.stringValue, let name = mount["name"]?.stringValue,
                var folder = folders[name]
            else { continue }
            if let part = mount["subPath"]?.stringValue, !part.isEmpty { folder += "/\(part)" }
            mounts[path] = folder
        }
        self.mounts = mounts
        self.store = store
    }

    func variables(of container: JSONValue, pod: JSONValue) async -> [String: String] {
        var variables: [String: String] = [:]
        for entry in container["env"]?.arrayValue ?? [] {
            guard let name = entry["name"]?.stringValue else { continue }
            if let value = entry["value"]?.stringValue {
                variables[name] = rewrite(value)
            } else if let source = entry["valueFrom"] {
                variables[name] = await value(from: source, pod: pod)
            }
        }
        return variables
    }

    private func value(from source: JSONValue, pod: JSONValue) async -> String? {
        if let path = source.at("fieldRef", "fieldPath")?.stringValue { return PodFields.value(path, of: pod) }
        for (type, member) in [(ResourceType.secrets, "secretKeyRef"), (.configMaps, "configMapKeyRef")] {
            guard let reference = source[member], let name = reference["name"]?.stringValue,
                let key = reference["key"]?.stringValue
            else { continue }
            let object = await store.get(type, namespace: pod.namespace, name: name)
            return object.flatMap { VolumeFiles.data(of: $0)[key] }.map { String(decoding: $0, as: UTF8.self) }
        }
        return nil
    }

    /// Rewrites each path of a comma-separated list.
    func rewrite(_ value: String) -> String {
        let longestFirst = mounts.keys.sorted { ($1.count, $0) < ($0.count, $1) }
        return value.split(separator: ",", omittingEmptySubsequences: false).map { part in
            for mount in longestFirst where part == mount || part.hasPrefix(mount + "/") {
                return (mounts[mount] ?? "") + part.dropFirst(mount.count)
            }
            return String(part)
        }.joined(separator: ",")
    }
}
