import FoundationEssentials
import KubernetesClient
import Shared
import Synchronization

/// Requests for one image, with the authorization that the registry wants for it.
struct RegistrySession: Sendable {
    let reference: ImageReference
    let credentials: RegistryCredentials
    let client: HTTPClient
    let outages: RegistryOutages
    let plainRegistries: Set<String>
    private var authorization: String?

    /// Storage behind registries is mostly one redirect away.
    private static let maximumRedirects = 3
    private static let maximumBytes = 8 << 20

    init(
        reference: ImageReference, credentials: RegistryCredentials, client: HTTPClient, outages: RegistryOutages,
        plainRegistries: Set<String>
    ) {
        self.plainRegistries = plainRegistries
        self.reference = reference
        self.credentials = credentials
        self.client = client
        self.outages = outages
    }

    private var registry: String { reference.registry }

    private var origin: String {
        let address = registry == "docker.io" ? "registry-1.docker.io" : registry
        return "\(isPlain(address) ? "http" : "https")://\(address)"
    }

    /// As runtimes do: a registry on this machine needs no TLS. Others don't where somebody said so.
    private func isPlain(_ address: String) -> Bool {
        let host = address.prefix { $0 != ":" }
        return host == "localhost" || host.hasPrefix("127.") || address.hasPrefix("[::1]")
            || plainRegistries.contains(address.lowercased())
    }

    /// The body of `/v2/REPOSITORY/PATH`.
    ///
    /// - Throws: ``RegistryFault``.
    mutating func get(_ path: String, accept: String) async throws -> [UInt8] {
        var url = "\(origin)/v2/\(reference.repository)/\(path)"
        var redirects = 0
        var isAuthorized = false
        while true {
            var request = HTTPRequest("GET", url, headers: ["Accept": accept])
            request.timeouts.firstByte = .seconds(20)
            request.timeouts.total = .seconds(60)
            // Where a redirect leads, nobody has a right to our credentials.
            if let authorization, redirects == 0 { request.headers["Authorization"] = authorization }
            let response = try await send(request)
            switch response.status {
            case 200: return response.body
            case 301, 302, 303, 307, 308:
                redirects += 1
                guard redirects <= Self.maximumRedirects, let next = target(response.headers["location"]) else {
                    throw RegistryFault("\(registry) sends us elsewhere without end")
                }
                url = next
            case 401 where !isAuthorized && redirects == 0:
                isAuthorized = true
                authorization = try await authorize(response.headers["www-authenticate"] ?? "")
            default: throw RegistryFault(words(for: response.status))
            }
        }
    }

    private func words(for status: Int) -> String {
        switch status {
        case 401, 403:
            "\(registry) refuses \(known == nil ? "to answer without credentials" : "these credentials")\(hint)"
        case 404: "\(registry) doesn't have it"
        case 429: "\(registry) says that there were too many requests; try again later, or with credentials"
        default: "\(registry) answered with status \(status)"
        }
    }

    private var known: String? { credentials.authorization(for: reference) }

    private var hint: String {
        credentials.usesHelpers && known == nil
            ? ": --docker-config keeps them in a credential helper, which isn't asked; give a file with auths"
            : " (--docker-config)"
    }

    /// - Throws: ``RegistryFault``. A registry that can't be reached isn't asked again for other images.
    private func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        if let fault = outages[registry] { throw fault }
        do {
            return try await client.send(request, maximumBodyBytes: Self.maximumBytes)
        } catch let error as HTTPError {
            let fault = RegistryFault("\(registry) can't be asked: \(reason(error, request))")
            if [.resolve, .connect, .tls, .timeout, .proxy].contains(error.code) { outages.note(fault, of: registry) }
            throw fault
        }
    }

    /// The same for all images of the registry: what stands in front of it names one of them.
    private func reason(_ error: HTTPError, _ request: HTTPRequest) -> String {
        let place = "\(request.method) \(request.url.prefix { $0 != "?" }): "
        let reason = error.message.hasPrefix(place) ? String(error.message.dropFirst(place.count)) : error.message
        // What answers isn't TLS. A certificate that isn't trusted has a code of its own.
        guard error.curlCode == Self.handshakeFailed, !isPlain(registry) else { return reason }
        return reason + " (if nodes reach it by plain http: --plain-http \(registry))"
    }

    /// `CURLE_SSL_CONNECT_ERROR`
    private static let handshakeFailed: Int32 = 35

    private func target(_ location: String?) -> String? {
        guard let location, !location.isEmpty else { return nil }
        if location.hasPrefix("https://") || (location.hasPrefix("http://") && origin.hasPrefix("http://")) {
            return location
        }
        return location.hasPrefix("/") ? origin + location : nil
    }

    // MARK: Authorization

    private func isPlain(realm: String) -> Bool {
        guard realm.hasPrefix("http://") else { return false }
        let address = realm.dropFirst("http://".count).prefix { $0 != "/" && $0 != "?" }
        // Before an @ stands a user, and the host comes after it.
        return !address.contains("@") && isPlain(String(address))
    }

    private func authorize(_ challenge: String) async throws -> String {
        guard challenge.lowercased().hasPrefix("bearer ") else {
            guard let known else { throw RegistryFault("\(registry) wants credentials\(hint)") }
            return known
        }
        let fields = RegistryChallenge.fields(challenge.dropFirst("bearer ".count))
        guard let realm = fields["realm"],
            realm.hasPrefix("https://") || (origin.hasPrefix("http://") && isPlain(realm: realm))
        else { throw RegistryFault("\(registry) names no safe place to get a token") }
        let scope = fields["scope"] ?? "repository:\(reference.repository):pull"
        var query = "scope=\(percentEncoded(scope))"
        if let service = fields["service"] { query += "&service=\(percentEncoded(service))" }
        var request = HTTPRequest("GET", realm + (realm.contains("?") ? "&" : "?") + query)
        request.timeouts.firstByte = .seconds(20)
        request.timeouts.total = .seconds(60)
        if let known { request.headers["Authorization"] = known }
        let response = try await send(request)
        guard response.status == 200 else {
            throw RegistryFault(
                "\(registry) gives no token (status \(response.status)): it refuses "
                    + "\(known == nil ? "to do so without credentials" : "these credentials")\(hint)")
        }
        struct Token: Decodable {
            var token: String?
            var accessToken: String?
            private enum CodingKeys: String, CodingKey {
                case token
                case accessToken = "access_token"
            }
        }
        guard let answer = try? JSONDecoder().decode(Token.self, from: Data(response.body)),
            let token = answer.token ?? answer.accessToken, BearerToken(token) != nil
        else { throw RegistryFault("\(registry) gives something that is no token") }
        return "Bearer \(token)"
    }
}

/// Registries that could not be reached: with forty images of one, its silence is waited for once.
final class RegistryOutages: Sendable {
    private let faults = Mutex<[String: RegistryFault]>([:])

    subscript(registry: String) -> RegistryFault? { faults.withLock { $0[registry] } }

    func note(_ fault: RegistryFault, of registry: String) { faults.withLock { $0[registry] = fault } }
}

/// What a registry wants to see, as it says in `WWW-Authenticate`.
enum RegistryChallenge {
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
