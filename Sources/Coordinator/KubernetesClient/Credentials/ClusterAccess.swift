import FoundationEssentials
import Shared

/// Gives connections to one API server, with credentials that are fresh.
///
/// Files are read again every ten seconds at most, so that rotated tokens and certificates are taken up; an exec
/// plugin runs again when its credential expires. A change of certificates makes a new ``HTTPClient``; streams of the
/// old one go on.
package actor ClusterAccess {
    /// What a request needs.
    struct Connection: Sendable {
        let client: HTTPClient
        let server: String
        /// `Authorization` and impersonation.
        let headers: HTTPHeaders
    }

    nonisolated let settings: ClusterSettings
    /// The namespace of the context or of the pod.
    nonisolated var namespace: String? { settings.namespace }

    private let plugin: ExecCredentialSource?
    private let now: @Sendable () -> ContinuousClock.Instant
    private var cached: (connection: Connection, readAt: ContinuousClock.Instant)?
    private var client: (client: HTTPClient, identity: Identity)?

    /// As often as client-go, which reads a token file anew when its copy is ten seconds old.
    static let fileLifetime = Duration.seconds(10)

    /// - Parameter now: the clock, for tests.
    init(
        _ settings: ClusterSettings, environment: [String: String] = ProcessInfo.processInfo.environment,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.settings = settings
        self.now = now
        plugin = settings.user.exec.map { ExecCredentialSource($0, environment: environment) }
    }

    /// - Throws: ``AccessError``.
    func connection() async throws -> Connection {
        if plugin == nil, let cached, now() - cached.readAt < Self.fileLifetime { return cached.connection }
        let credential = try await plugin?.credential()
        let made = try connection(credential)
        cached = (made, now())
        return made
    }

    /// Called when the server refused the credentials.
    ///
    /// - Returns: whether the next ``connection()`` may bring others.
    func renewCredentials() async -> Bool {
        let before = cached?.connection.headers["Authorization"]
        cached = nil
        if let plugin {
            await plugin.discard()
            return true
        }
        guard let fresh = try? await connection() else { return false }
        return fresh.headers["Authorization"] != before
    }

    private func connection(_ credential: ExecCredential.Status?) throws -> Connection {
        let user = settings.user
        let place = settings.place
        let identity = Identity(
            authority: try settings.certificateAuthority?.read("certificate-authority", at: place),
            certificate: try credential?.clientCertificateData
                ?? user.clientCertificate?.read("client-certificate", at: place),
            key: try credential?.clientKeyData ?? user.clientKey?.read("client-key", at: place))
        var headers = HTTPHeaders()
        if let token = try credential?.token ?? user.token?.read("token", at: place) {
            headers["Authorization"] = "Bearer " + token
        } else if let basic = user.basic {
            let pair = Data("\(basic.username):\(basic.password)".utf8)
            headers["Authorization"] = "Basic " + pair.base64EncodedString()
        }
        for (name, value) in user.impersonation { headers.add(name, value) }
        return Connection(client: client(identity), server: settings.server, headers: headers)
    }

    private struct Identity: Hashable {
        var authority: String?
        var certificate: String?
        var key: String?
    }

    private func client(_ identity: Identity) -> HTTPClient {
        if let client, client.identity == identity { return client.client }
        var tls = TLSOptions()
        tls.caPEM = identity.authority
        tls.clientCertificatePEM = identity.certificate
        tls.clientKeyPEM = identity.key
        tls.verifiesPeer = settings.verifiesPeer
        tls.serverName = settings.serverName
        var configuration = HTTPClientConfiguration()
        configuration.tls = tls
        configuration.proxy = settings.proxy
        let made = HTTPClient(configuration: configuration)
        client = (made, identity)
        return made
    }
}
