import HummingbirdTLS

/// A CA with a server and a client certificate, and a stranger of a CA; made by `openssl` when they are first needed.
struct TestCertificates: Sendable {
    let ca: String
    let strangerCA: String
    let serverCertificate: String
    let serverKey: String
    let clientCertificate: String
    let clientKey: String
    /// Signed by the strange CA.
    let strangerCertificate: String
    let strangerKey: String

    static let shared = Task { try await TestCertificates() }

    private init() async throws {
        let scratch = try Scratch()
        try await scratch.run(
            """
            authority() {
                openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \\
                    -keyout $1.key -out $1.pem -subj "/CN=$1"
            }
            certificate() {
                openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout $2.key -out $2.csr -subj "/CN=$2"
                printf "$3" > $2.ext
                openssl x509 -req -in $2.csr -CA $1.pem -CAkey $1.key -CAcreateserial -days 2 -extfile $2.ext -out $2.pem
            }
            authority ca
            authority stranger-ca
            certificate ca server 'subjectAltName=IP:127.0.0.1,DNS:api.example.test\\n'
            certificate ca client 'extendedKeyUsage=clientAuth\\n'
            certificate stranger-ca stranger 'extendedKeyUsage=clientAuth\\n'
            """)
        ca = try scratch.read("ca.pem")
        strangerCA = try scratch.read("stranger-ca.pem")
        serverCertificate = try scratch.read("server.pem")
        serverKey = try scratch.read("server.key")
        clientCertificate = try scratch.read("client.pem")
        clientKey = try scratch.read("client.key")
        strangerCertificate = try scratch.read("stranger.pem")
        strangerKey = try scratch.read("stranger.key")
    }

    /// A server that is known to those who trust the CA.
    func serverConfiguration(asksForClients: Bool = false) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: [.certificate(try NIOSSLCertificate(bytes: Array(serverCertificate.utf8), format: .pem))],
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(serverKey.utf8), format: .pem)))
        if asksForClients {
            configuration.certificateVerification = .noHostnameVerification
            configuration.trustRoots = .certificates([
                try NIOSSLCertificate(bytes: Array(ca.utf8), format: .pem)
            ])
        }
        return configuration
    }
}
