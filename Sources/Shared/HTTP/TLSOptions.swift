/// How a client proves servers, and itself to them.
public struct TLSOptions: Sendable {
    /// The certificates to trust, in PEM; they replace the system's.
    public var caPEM: String?
    /// The client's certificate with its chain, in PEM.
    public var clientCertificatePEM: String?
    /// The key of the client's certificate, in PEM, without a passphrase.
    public var clientKeyPEM: String?
    /// False accepts every certificate and every name. Only for users who asked for it.
    public var verifiesPeer: Bool
    /// The name that the server's certificate must bear, and that it is asked for (SNI); nil: the URL's host.
    public var serverName: String?

    public init(
        caPEM: String? = nil, clientCertificatePEM: String? = nil, clientKeyPEM: String? = nil,
        verifiesPeer: Bool = true, serverName: String? = nil
    ) {
        self.caPEM = caPEM
        self.clientCertificatePEM = clientCertificatePEM
        self.clientKeyPEM = clientKeyPEM
        self.verifiesPeer = verifiesPeer
        self.serverName = serverName
    }
}

extension TLSOptions: CustomStringConvertible {
    /// For logs: says what is set, never the key.
    public var description: String {
        let parts = [
            caPEM == nil ? "the system's CAs" : "own CA",
            clientCertificatePEM == nil ? nil : "client certificate",
            verifiesPeer ? nil : "servers not verified",
            serverName.map { "server name \($0)" },
        ]
        return parts.compactMap { $0 }.joined(separator: ", ")
    }
}
