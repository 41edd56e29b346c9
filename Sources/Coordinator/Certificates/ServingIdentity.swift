import FoundationEssentials
import NIOCore
import NIOSSL
import Synchronization

/// What the listener shows to those who connect. It can change at any time: connections that are open stay.
package final class ServingIdentity: Sendable {
    private let context: Mutex<NIOSSLContext>

    /// Until the kept certificate is read, one that nobody trusts: the kubelet's probes verify nothing.
    package init() throws {
        let now = Date()
        let maker = CertificateMaker()
        let authority = try maker.authority(now - 3600..<now + 86_400)
        let certificate = try maker.serving(["localhost"], by: authority, now - 3600..<now + 86_400)
        context = Mutex(try Self.context(certificate))
    }

    /// For the next connection.
    package var current: NIOSSLContext { context.withLock { $0 } }

    /// - Throws: when NIOSSL can't use it; the former one is shown further then.
    func use(_ certificate: IssuedCertificate) throws {
        let context = try Self.context(certificate)
        self.context.withLock { $0 = context }
    }

    private static func context(_ issued: IssuedCertificate) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: [
                .certificate(try NIOSSLCertificate(bytes: Array(issued.certificate.utf8), format: .pem))
            ],
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(issued.key.utf8), format: .pem)))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        // Clients that keep idle connections don't say goodbye: an end must not wait for them.
        configuration.shutdownTimeout = .milliseconds(500)
        return try NIOSSLContext(configuration: configuration)
    }
}
