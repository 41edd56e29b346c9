import FoundationEssentials

/// Credentials by registry, from docker's configuration file (`~/.docker/config.json`, or a pull secret's content).
struct RegistryCredentials: Sendable {
    /// `Basic …`, by host and port as in references.
    private var basic: [String: String] = [:]

    init() {}

    /// - Throws: ``RegistryFault``, which never quotes the file.
    init(json: Data) throws {
        struct Document: Decodable {
            var auths: [String: Entry]?
        }
        struct Entry: Decodable {
            var auth: String?
            var username: String?
            var password: String?
        }
        let document: Document
        do {
            document = try JSONDecoder().decode(Document.self, from: json)
        } catch {
            throw RegistryFault("the file of --docker-config is no docker configuration")
        }
        for (key, entry) in document.auths ?? [:] {
            var auth = entry.auth ?? ""
            if auth.isEmpty, let user = entry.username, let password = entry.password {
                auth = Data("\(user):\(password)".utf8).base64EncodedString()
            }
            if !auth.isEmpty { basic[Self.host(key)] = "Basic \(auth)" }
        }
    }

    func authorization(for registry: String) -> String? { basic[Self.host(registry)] }

    private static func host(_ key: String) -> String {
        var rest = Substring(key)
        for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) { rest = rest.dropFirst(scheme.count) }
        let host = rest.prefix { $0 != "/" }.lowercased()
        return ["index.docker.io", "registry-1.docker.io"].contains(host) ? "docker.io" : host
    }
}

/// Why a registry could not tell.
struct RegistryFault: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}
