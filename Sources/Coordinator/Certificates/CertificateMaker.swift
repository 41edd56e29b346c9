import Crypto
import FoundationEssentials
import SwiftASN1
import X509

/// Makes certificates with ECDSA P-256 keys.
package struct CertificateMaker: CertificateMaking {
    package func authority(_ validity: Range<Date>) throws -> IssuedCertificate {
        let key = P256.Signing.PrivateKey()
        let signer = Certificate.PrivateKey(key)
        // A name of its own: verifiers look for issuers by name, and two authorities are trusted during a rotation.
        let number = UInt32.random(in: .min ... .max)
        let name = try DistinguishedName {
            CommonName("image-puller authority \(String(number, radix: 16))")
        }
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: signer.publicKey,
            notValidBefore: validity.lowerBound, notValidAfter: validity.upperBound, issuer: name, subject: name,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                SubjectKeyIdentifier(hash: signer.publicKey)
            }, issuerPrivateKey: signer)
        return try IssuedCertificate(certificate, key)
    }

    package func serving(
        _ names: Set<String>, by authority: IssuedCertificate, _ validity: Range<Date>
    ) throws -> IssuedCertificate {
        let issuer = try Certificate(pemEncoded: authority.certificate)
        let signer = Certificate.PrivateKey(try P256.Signing.PrivateKey(pemRepresentation: authority.key))
        let key = P256.Signing.PrivateKey()
        let publicKey = Certificate.PrivateKey(key).publicKey
        let identifier = try issuer.extensions.subjectKeyIdentifier?.keyIdentifier
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey,
            notValidBefore: validity.lowerBound, notValidAfter: validity.upperBound, issuer: issuer.subject,
            subject: try DistinguishedName { CommonName("image-puller coordinator") },
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames(names.sorted().map(ServingNames.generalName))
                SubjectKeyIdentifier(hash: publicKey)
                AuthorityKeyIdentifier(keyIdentifier: identifier)
            }, issuerPrivateKey: signer)
        return try IssuedCertificate(certificate, key)
    }
}

extension IssuedCertificate {
    init(_ certificate: Certificate, _ key: P256.Signing.PrivateKey) throws {
        self.init(
            certificate: try certificate.serializeAsPEM().pemString, key: key.pemRepresentation,
            notBefore: certificate.notValidBefore, notAfter: certificate.notValidAfter,
            names: Set(try certificate.extensions.subjectAlternativeNames?.compactMap(ServingNames.text) ?? []))
    }

    /// Reads what was written before.
    ///
    /// - Throws: ``CertificateDamage``.
    init(certificate: String, key: String) throws(CertificateDamage) {
        let parsed: Certificate
        do { parsed = try Certificate(pemEncoded: certificate) } catch { throw .certificate }
        // What the parser says of a broken key could quote it.
        guard let privateKey = try? P256.Signing.PrivateKey(pemRepresentation: key) else { throw .key }
        guard Certificate.PublicKey(privateKey.publicKey) == parsed.publicKey else { throw .mismatch }
        guard let issued = try? IssuedCertificate(parsed, privateKey) else { throw .certificate }
        self = issued
    }

    /// Whether the other one's key has signed this one.
    func isSigned(by authority: IssuedCertificate) -> Bool {
        guard let own = try? Certificate(pemEncoded: certificate),
            let other = try? Certificate(pemEncoded: authority.certificate)
        else { return false }
        return own.issuer == other.subject && other.publicKey.isValidSignature(own.signature, for: own)
    }
}

/// What is wrong with a certificate that was read.
enum CertificateDamage: Error, Sendable, Hashable, CustomStringConvertible {
    case missing, certificate, key, mismatch

    var description: String {
        switch self {
        case .missing: "is missing"
        case .certificate: "has no readable certificate"
        case .key: "has no readable private key"
        case .mismatch: "has a private key of another certificate"
        }
    }
}
