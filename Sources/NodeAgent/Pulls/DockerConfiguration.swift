import Shared
import SwiftProtobuf

/// One credential for a registry, as the runtime takes it.
struct RegistryCredential: Sendable, Equatable {
    let pattern: RegistryPattern
    let config: CRIAuthConfig
    /// The Secret's name and its entry's key, for people and for the coordinator: the same on all nodes.
    var name = ""

    /// What must not appear in any message.
    var secrets: [String] {
        [config.password, config.auth, config.identityToken, config.registryToken].filter { !$0.isEmpty }
    }
}

/// Docker's configuration file, in the form of a secret of type `kubernetes.io/dockerconfigjson`
/// (`{"auths": {...}}`) or `kubernetes.io/dockercfg` (the inner object alone).
struct DockerConfiguration: Sendable {
    let credentials: [RegistryCredential]

    /// What is wrong with a file. It never quotes the file, which is secret.
    struct Failure: Error, Equatable, CustomStringConvertible {
        let description: String
    }

    init(json: [UInt8]) throws(Failure) {
        let document: Google_Protobuf_Struct
        do {
            document = try Google_Protobuf_Struct(jsonUTF8Bytes: json)
        } catch {
            throw Failure(description: "it is no JSON object")
        }
        // Real files have either; credential stores (`credsStore`) can't work from a secret.
        let registries = document.fields["auths"]?.structValue.fields ?? document.fields
        var credentials: [RegistryCredential] = []
        // The most special key first, as the kubelet tries them.
        for (key, value) in registries.sorted(by: { $0.key > $1.key }) {
            guard case .structValue(let entry)? = value.kind, let pattern = RegistryPattern(key),
                let config = Self.config(entry.fields)
            else { continue }
            credentials.append(RegistryCredential(pattern: pattern, config: config, name: key))
        }
        self.credentials = credentials
    }

    private static func config(_ fields: [String: Google_Protobuf_Value]) -> CRIAuthConfig? {
        func text(_ names: String...) -> String {
            names.lazy.compactMap { fields[$0]?.stringValue }.first { !$0.isEmpty } ?? ""
        }
        var config = CRIAuthConfig()
        config.username = text("username")
        config.password = text("password")
        if config.username.isEmpty, let auth = Base64.decode(text("auth")), !auth.isEmpty {
            let pair = auth.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2 else { return nil }
            config.username = String(decoding: pair[0], as: UTF8.self)
            config.password = String(decoding: pair[1], as: UTF8.self)
        }
        config.identityToken = text("identitytoken", "identityToken")
        config.registryToken = text("registrytoken", "registryToken")
        let isEmpty = config.username.isEmpty && config.identityToken.isEmpty && config.registryToken.isEmpty
        return isEmpty ? nil : config
    }
}
