import FoundationEssentials
import Shared

/// Asks registries how big images are, and for which architectures they exist. Only manifests are read.
///
/// https://github.com/opencontainers/distribution-spec, https://distribution.github.io/distribution/spec/auth/token/
struct RegistryReader: Sendable {
    var credentials = RegistryCredentials()
    var client = HTTPClient()

    private static let kinds = [
        "application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
    ]

    /// Bytes to download by architecture; under `any` when the registry doesn't tell the architecture.
    ///
    /// - Throws: ``RegistryFault``.
    func sizes(of reference: ImageReference) async throws -> [String: Int64] {
        var session = Session(reference: reference)
        let manifest = try await manifest(reference.digest ?? reference.tag ?? "latest", &session)
        guard let entries = manifest.manifests else {
            return [try await architecture(of: manifest, &session) ?? "any": manifest.bytes]
        }
        var sizes: [String: Int64] = [:]
        for entry in entries where entry.platform?.os == "linux" {
            guard let architecture = entry.platform?.architecture, sizes[architecture] == nil else { continue }
            sizes[architecture] = try await self.manifest(entry.digest, &session).bytes
        }
        return sizes
    }

    private struct Session {
        let reference: ImageReference
        var authorization: String?

        var base: String {
            let registry = reference.registry == "docker.io" ? "registry-1.docker.io" : reference.registry
            let host = registry.prefix { $0 != ":" }
            // As runtimes do: a registry on this machine needs no TLS.
            let scheme = host == "localhost" || host.hasPrefix("127.") || registry.hasPrefix("[::1]") ? "http" : "https"
            return "\(scheme)://\(registry)/v2/\(reference.repository)"
        }
    }

    private struct Manifest: Decodable {
        struct Part: Decodable {
            var size: Int64
            var digest: String
        }
        struct Entry: Decodable {
            struct Platform: Decodable {
                var architecture: String?
                var os: String?
            }
            var digest: String
            var platform: Platform?
        }
        var config: Part?
        var layers: [Part]?
        var manifests: [Entry]?

        var bytes: Int64 {
            (layers ?? []).reduce(config?.size ?? 0) { $0.addingReportingOverflow(max(0, $1.size)).partialValue }
        }
    }

    private func manifest(_ name: String, _ session: inout Session) async throws -> Manifest {
        let body = try await get("manifests/\(name)", accept: Self.kinds.joined(separator: ", "), &session)
        do {
            return try JSONDecoder().decode(Manifest.self, from: Data(body))
        } catch {
            throw RegistryFault("\(session.reference.registry) answered with no manifest")
        }
    }

    private func architecture(of manifest: Manifest, _ session: inout Session) async throws -> String? {
        struct Config: Decodable { var architecture: String? }
        guard let config = manifest.config,
            // Blobs may lie elsewhere: then the architecture stays untold.
            let body = try? await get("blobs/\(config.digest)", accept: "*/*", &session)
        else { return nil }
        return (try? JSONDecoder().decode(Config.self, from: Data(body)))?.architecture
    }

    private func get(_ path: String, accept: String, _ session: inout Session) async throws -> [UInt8] {
        for isRetry in [false, true] {
            var request = HTTPRequest("GET", "\(session.base)/\(path)", headers: ["Accept": accept])
            request.timeouts.firstByte = .seconds(20)
            if let authorization = session.authorization { request.headers["Authorization"] = authorization }
            let response: HTTPResponse
            do {
                response = try await client.send(request, maximumBodyBytes: 8 << 20)
            } catch let error as HTTPError {
                throw RegistryFault("\(session.reference.registry): \(error.message)")
            }
            switch response.status {
            case 200: return response.body
            case 401 where !isRetry:
                session.authorization = try await authorize(
                    response.headers["www-authenticate"] ?? "", session.reference)
            case 401, 403:
                throw RegistryFault("\(session.reference.registry) wants other credentials (--docker-config)")
            case 404: throw RegistryFault("\(session.reference.registry) doesn't have it")
            case 429: throw RegistryFault("\(session.reference.registry) says that there were too many requests")
            default: throw RegistryFault("\(session.reference.registry) answered with status \(response.status)")
            }
        }
        throw RegistryFault("\(session.reference.registry) wants other credentials")
    }

    private func authorize(_ challenge: String, _ reference: ImageReference) async throws -> String {
        let basic = credentials.authorization(for: reference.registry)
        guard challenge.lowercased().hasPrefix("bearer ") else {
            guard let basic else { throw RegistryFault("\(reference.registry) wants credentials (--docker-config)") }
            return basic
        }
        let fields = Self.fields(challenge.dropFirst("bearer ".count))
        guard let realm = fields["realm"], realm.hasPrefix("https://") || realm.hasPrefix("http://127.") else {
            throw RegistryFault("\(reference.registry) names no place to get a token")
        }
        let scope = fields["scope"] ?? "repository:\(reference.repository):pull"
        var query = "scope=\(percentEncoded(scope))"
        if let service = fields["service"] { query += "&service=\(percentEncoded(service))" }
        var request = HTTPRequest("GET", realm + (realm.contains("?") ? "&" : "?") + query)
        if let basic { request.headers["Authorization"] = basic }
        struct Token: Decodable {
            var token: String?
            var accessToken: String?
            private enum CodingKeys: String, CodingKey {
                case token
                case accessToken = "access_token"
            }
        }
        guard let response = try? await client.send(request), response.status == 200,
            let answer = try? JSONDecoder().decode(Token.self, from: Data(response.body)),
            let token = answer.token ?? answer.accessToken
        else { throw RegistryFault("\(reference.registry) gives no token: check --docker-config") }
        return "Bearer \(token)"
    }

    /// `realm="…",service="…"`
    static func fields(_ text: Substring) -> [String: String] {
        var fields: [String: String] = [:]
        var rest = text
        while let equals = rest.firstIndex(of: "=") {
            let key = rest[..<equals].filter { !$0.isWhitespace && $0 != "," }.lowercased()
            rest = rest[rest.index(after: equals)...]
            let isQuoted = rest.first == "\""
            if isQuoted { rest.removeFirst() }
            let value = rest.prefix { isQuoted ? $0 != "\"" : $0 != "," }
            fields[key] = String(value)
            rest = rest.dropFirst(value.count + (isQuoted ? 1 : 0))
        }
        return fields
    }
}
