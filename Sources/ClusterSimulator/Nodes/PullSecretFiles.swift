import ClusterModel
import FoundationEssentials
import Shared

/// Reads what a pod's `imagePullSecrets` hold, as its kubelet does. One that is missing or can't be read is left out, as
/// the kubelet leaves it out.
struct PullSecretFiles: Sendable {
    let store: ObjectStore

    private struct File: Decodable {
        let auths: [String: Entry]
    }

    private struct Entry: Decodable {
        let username: String?
        let password: String?
        /// Both, joined by a colon, in base64.
        let auth: String?

        var credential: Credential? {
            if let username, !username.isEmpty { return Credential(username: username, password: password ?? "") }
            return auth.flatMap(Credential.init(base64:))
        }
    }

    func secrets(of pod: JSONValue) async -> [PodSpec.PullSecret] {
        var secrets: [PodSpec.PullSecret] = []
        for reference in pod.at("spec", "imagePullSecrets")?.arrayValue ?? [] {
            guard let name = reference["name"]?.stringValue,
                let object = await store.get(.secrets, namespace: pod.namespace, name: name)
            else { continue }
            let id = "\(pod.namespace ?? "")/\(name)/\(object.uid)"
            secrets.append(.init(id: id, credentials: Self.credentials(in: VolumeFiles.data(of: object))))
        }
        return secrets
    }

    /// By the registry's host.
    private static func credentials(in files: VolumeContents) -> [String: Credential] {
        var entries: [String: Entry] = [:]
        if let bytes = files[".dockerconfigjson"] {
            entries = (try? JSONDecoder().decode(File.self, from: Data(bytes)))?.auths ?? [:]
        } else if let bytes = files[".dockercfg"] {
            entries = (try? JSONDecoder().decode([String: Entry].self, from: Data(bytes))) ?? [:]
        }
        var credentials: [String: Credential] = [:]
        for (server, entry) in entries { credentials[host(of: server)] = entry.credential }
        return credentials
    }

    /// Servers are written as hosts, or as addresses: `https://index.docker.io/v1/`.
    private static func host(of server: String) -> String {
        var text = Substring(server)
        for scheme in ["https://", "http://"] where text.hasPrefix(scheme) { text = text.dropFirst(scheme.count) }
        let host = String(text.prefix { $0 != "/" })
        return host == "index.docker.io" ? "docker.io" : host
    }
}

extension Credential {
    /// `username:password` in base64.
    init?(base64 text: String) {
        guard let data = Data(base64Encoded: text) else { return nil }
        let parts = String(decoding: data, as: UTF8.self).split(
            separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        self.init(username: String(parts[0]), password: String(parts[1]))
    }
}
