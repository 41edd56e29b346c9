import FoundationEssentials
import Shared

/// What the files of one volume hold, by their path within it.
typealias VolumeContents = [String: [UInt8]]

/// A volume that can't be mounted yet.
struct MissingVolume: Error, Hashable, CustomStringConvertible {
    let volume: String
    let what: String

    var description: String { "MountVolume.SetUp failed for volume \"\(volume)\" : \(what)" }
}

/// Reads the contents of volumes out of the store.
struct VolumeFiles: Sendable {
    let store: ObjectStore
    let tokens: TokenRegistry

    /// - Returns: nil when the volume isn't made of files from the store.
    func contents(of volume: JSONValue, pod: JSONValue) async throws(MissingVolume) -> VolumeContents? {
        let name = volume["name"]?.stringValue ?? ""
        if let secret = volume["secret"] {
            return try await object(.secrets, secret, nameKey: "secretName", volume: name, pod: pod)
        }
        if let configMap = volume["configMap"] {
            return try await object(.configMaps, configMap, nameKey: "name", volume: name, pod: pod)
        }
        guard let projected = volume["projected"] else { return nil }
        var contents: VolumeContents = [:]
        for source in projected["sources"]?.arrayValue ?? [] {
            var part: VolumeContents = [:]
            if let secret = source["secret"] {
                part = try await object(.secrets, secret, nameKey: "name", volume: name, pod: pod)
            } else if let configMap = source["configMap"] {
                part = try await object(.configMaps, configMap, nameKey: "name", volume: name, pod: pod)
            } else if let token = source["serviceAccountToken"] {
                part = await self.token(token, pod: pod)
            } else if let downward = source["downwardAPI"] {
                part = Self.downward(downward, pod: pod)
            }
            contents.merge(part) { _, last in last }
        }
        return contents
    }

    private func object(
        _ type: ResourceType, _ source: JSONValue, nameKey: String, volume: String, pod: JSONValue
    ) async throws(MissingVolume) -> VolumeContents {
        let name = source[nameKey]?.stringValue ?? ""
        guard let object = await store.get(type, namespace: pod.namespace, name: name) else {
            if source["optional"]?.boolValue == true { return [:] }
            let kind = type == .secrets ? "secret" : "configmap"
            throw MissingVolume(volume: volume, what: "\(kind) \"\(name)\" not found")
        }
        let all = Self.data(of: object)
        guard let items = source["items"]?.arrayValue else { return all }
        var contents: VolumeContents = [:]
        for item in items {
            let key = item["key"]?.stringValue ?? ""
            if let value = all[key] {
                contents[item["path"]?.stringValue ?? key] = value
            } else if source["optional"]?.boolValue != true {
                throw MissingVolume(volume: volume, what: "references non-existent key: \(key)")
            }
        }
        return contents
    }

    /// The data of a secret (base64), or of a config map (text, or base64 in `binaryData`).
    static func data(of object: JSONValue) -> VolumeContents {
        let isSecret = object["kind"]?.stringValue == ResourceType.secrets.kind
        var contents: VolumeContents = [:]
        for (key, value) in (isSecret ? object["data"] : object["binaryData"])?.stringMap ?? [:] {
            contents[key] = Data(base64Encoded: value).map(Array.init)
        }
        for (key, value) in (isSecret ? object["stringData"] : object["data"])?.stringMap ?? [:] {
            contents[key] = Array(value.utf8)
        }
        return contents
    }

    private func token(_ source: JSONValue, pod: JSONValue) async -> VolumeContents {
        let account = pod.at("spec", "serviceAccountName")?.stringValue ?? "default"
        let stored = await store.get(.serviceAccounts, namespace: pod.namespace, name: account)
        var subject = TokenRegistry.Subject(
            namespace: pod.namespace ?? "", serviceAccount: account, serviceAccountUID: stored?.uid ?? "")
        subject.pod = (pod.name, pod.uid)
        if let node = pod.at("spec", "nodeName")?.stringValue {
            subject.node = (node, await store.get(.nodes, name: node)?.uid ?? "")
        }
        let token = tokens.mounted(
            subject, audiences: source["audience"]?.stringValue.map { [$0] } ?? [],
            lifetime: Double(source["expirationSeconds"]?.integerValue ?? 3600))
        return [source["path"]?.stringValue ?? "token": Array(token.utf8)]
    }

    private static func downward(_ source: JSONValue, pod: JSONValue) -> VolumeContents {
        var contents: VolumeContents = [:]
        for item in source["items"]?.arrayValue ?? [] {
            guard let path = item["path"]?.stringValue, let field = item.at("fieldRef", "fieldPath")?.stringValue
            else { continue }
            contents[path] = Array((PodFields.value(field, of: pod) ?? "").utf8)
        }
        return contents
    }
}
