import FoundationEssentials
import Shared

/// Credentials by registry, from docker's configuration file (`~/.docker/config.json`, or a pull secret's content).
package struct RegistryCredentials: Sendable {
    private struct Login: Sendable {
        /// With a path when the key has one: then it is for repositories below it.
        var path: String
        /// `Basic …`
        var authorization: String
    }

    /// By host and port as in references.
    private var logins: [String: [Login]] = [:]
    /// The file keeps some of them in programs of its machine, which aren't asked.
    private(set) var usesHelpers = false

    package init() {}

    /// - Throws: ``RegistryFault``, which never quotes the file.
    package init(json: Data) throws {
        struct Document: Decodable {
            var auths: [String: Entry]?
            var credsStore: String?
            var credHelpers: [String: String]?
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
            throw RegistryFault(
                "the file of --docker-config is no docker configuration: it should hold {\"auths\": {…}}, as docker login "
                    + "writes it")
        }
        usesHelpers = document.credsStore?.isEmpty == false || document.credHelpers?.isEmpty == false
        for (key, entry) in document.auths ?? [:] {
            var auth = entry.auth ?? ""
            if auth.isEmpty, let user = entry.username, let password = entry.password {
                auth = Data("\(user):\(password)".utf8).base64EncodedString()
            }
            guard !auth.isEmpty, auth.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { continue }
            let (host, path) = Self.parts(key)
            logins[host, default: []].append(Login(path: path, authorization: "Basic \(auth)"))
        }
    }

    /// What to send for an image: of several logins of its registry, the one with the longest path that fits.
    func authorization(for reference: ImageReference) -> String? {
        let (host, _) = Self.parts(reference.registry)
        return logins[host]?.filter {
            $0.path.isEmpty || reference.repository == $0.path || reference.repository.hasPrefix($0.path + "/")
        }.max { ($0.path.count, $0.path) < ($1.path.count, $1.path) }?.authorization
    }

    private static func parts(_ key: String) -> (host: String, path: String) {
        var rest = Substring(key)
        for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) { rest = rest.dropFirst(scheme.count) }
        let host = rest.prefix { $0 != "/" }.lowercased()
        if ["docker.io", "index.docker.io", "registry-1.docker.io"].contains(host) { return ("docker.io", "") }
        var path = rest.dropFirst(host.count)
        while path.first == "/" { path = path.dropFirst() }
        while path.last == "/" { path = path.dropLast() }
        // `https://HOST/v1/` and `/v2/` are how docker login wrote a whole registry.
        return (host, ["v1", "v2"].contains(path) ? "" : String(path))
    }
}

/// Why a registry could not tell.
package struct RegistryFault: Error, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}
