import FoundationEssentials
import Shared

extension Kubeconfig {
    /// The cluster and the user of a context, checked.
    ///
    /// - Parameter context: nil for the current one.
    /// - Throws: ``AccessError``.
    func settings(context name: String? = nil) throws(AccessError) -> ClusterSettings {
        let files = "kubeconfig " + paths.map { "\"\($0)\"" }.joined(separator: ", ")
        guard let name = name ?? currentContext else {
            throw AccessError(files, "no current-context is set: say --context, one of \(Self.names(contexts))")
        }
        guard let context = contexts[name] else {
            throw AccessError(files, "there is no context \"\(name)\": say --context, one of \(Self.names(contexts))")
        }
        let place = "kubeconfig \"\(context.path)\", context \"\(name)\""
        guard let clusterName = context.value.cluster, let cluster = clusters[clusterName] else {
            throw AccessError(
                place,
                "its cluster \"\(context.value.cluster ?? "")\" isn't defined: the files have \(Self.names(clusters))")
        }
        var settings = try Self.settings(cluster, "\(place), cluster \"\(clusterName)\"")
        settings.place = place
        settings.namespace = context.value.namespace.flatMap { $0.isEmpty ? nil : $0 }
        if let userName = context.value.user, !userName.isEmpty {
            guard let user = users[userName] else {
                throw AccessError(
                    place, "its user \"\(userName)\" isn't defined: the files have \(Self.names(users))")
            }
            settings.user = try Self.user(user, cluster.value, "\(place), user \"\(userName)\"")
        }
        return settings
    }

    private static func settings(
        _ cluster: Sourced<KubeconfigDocument.Cluster>, _ place: String
    ) throws(AccessError) -> ClusterSettings {
        let value = cluster.value
        guard var server = value.server, !server.isEmpty else { throw AccessError(place, "it has no server") }
        if !server.contains("://") { server = "http://" + server }  // as client-go reads it
        guard server.hasPrefix("https://") || server.hasPrefix("http://") else {
            throw AccessError(place, "the server \"\(server)\" must be an http:// or https:// URL")
        }
        while server.hasSuffix("/") { server.removeLast() }
        var settings = ClusterSettings(place: place, server: server)
        settings.serverName = value.tlsServerName
        settings.verifiesPeer = !(value.insecureSkipTLSVerify ?? false)
        settings.certificateAuthority = try material(
            value.certificateAuthorityData, value.certificateAuthority, in: cluster.directory,
            "certificate-authority", place)
        guard settings.verifiesPeer || settings.certificateAuthority == nil else {
            throw AccessError(
                place, "insecure-skip-tls-verify and a certificate-authority exclude each other: remove one of them")
        }
        settings.proxy = try proxy(value.proxyURL, place)
        return settings
    }

    private static func proxy(_ text: String?, _ place: String) throws(AccessError) -> ProxySetting {
        guard let text, !text.isEmpty else { return .environment }
        // The text isn't quoted: it may hold a password.
        guard ["http://", "https://", "socks5://"].contains(where: { text.hasPrefix($0) }) else {
            throw AccessError(place, "proxy-url must begin with http://, https:// or socks5://")
        }
        return .url(text)
    }

    private static func user(
        _ user: Sourced<KubeconfigDocument.User>, _ cluster: KubeconfigDocument.Cluster, _ place: String
    ) throws(AccessError) -> ClusterSettings.User {
        let value = user.value
        var result = ClusterSettings.User()
        result.clientCertificate = try material(
            value.clientCertificateData, value.clientCertificate, in: user.directory, "client-certificate", place)
        result.clientKey = try material(value.clientKeyData, value.clientKey, in: user.directory, "client-key", place)
        guard (result.clientCertificate == nil) == (result.clientKey == nil) else {
            throw AccessError(place, "client-certificate and client-key need each other: one of them is missing")
        }
        // As client-go: the file counts, and the token beside it is a copy of what it held once.
        if let file = value.tokenFile, !file.isEmpty {
            result.token = .file(absolute(file, user.directory))
        } else if let token = value.token, !token.isEmpty {
            result.token = .inline(token)
        }
        if let username = value.username, !username.isEmpty {
            guard result.token == nil else {
                throw AccessError(place, "it has both a token and a username: remove one of them")
            }
            result.basic = .init(username: username, password: value.password ?? "")
        }
        if let exec = value.exec {
            result.exec = try ExecPlugin(exec, directory: user.directory, cluster: cluster, place: place)
        } else if value.authProvider != nil {
            throw AccessError(place, "auth-provider was removed from Kubernetes in 1.26: use an exec plugin instead")
        }
        if let name = value.impersonatedUser { result.impersonation.append(("Impersonate-User", name)) }
        if let uid = value.impersonatedUID { result.impersonation.append(("Impersonate-Uid", uid)) }
        result.impersonation += (value.impersonatedGroups ?? []).map { ("Impersonate-Group", $0) }
        return result
    }

    /// Data in the file wins over a path, as in client-go.
    private static func material(
        _ data: String?, _ path: String?, in directory: String, _ what: String, _ place: String
    ) throws(AccessError) -> CredentialMaterial? {
        if let data, !data.isEmpty {
            guard let decoded = Data(base64Encoded: data, options: .ignoreUnknownCharacters), !decoded.isEmpty else {
                throw AccessError(place, "\(what)-data is no Base64")
            }
            return .inline(String(decoding: decoded, as: UTF8.self))
        }
        guard let path, !path.isEmpty else { return nil }
        return .file(absolute(path, directory))
    }

    private static func absolute(_ path: String, _ directory: String) -> String {
        path.hasPrefix("/") ? path : directory + "/" + path
    }

    private static func names<Value>(_ table: [String: Value]) -> String {
        table.isEmpty ? "(none)" : table.keys.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
    }
}
