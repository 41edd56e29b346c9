import FoundationEssentials
import Shared
import SwiftASN1
import X509

/// The Secret in which the certificates are kept.
///
/// `ca.crt`, `ca.key`, `tls.crt` and `tls.key` are those in use; `next-ca.crt` and `next-ca.key` those of the next
/// authority; `rotation.json` says when that one was published, and which former authorities are still trusted.
enum CertificateSecret {
    private struct Rotation: Codable {
        struct Former: Codable {
            var certificate: String
            var until: Int64
        }

        /// Seconds since 1970.
        var nextPublished: Int64?
        var former: [Former]
    }

    static let keys = ["ca.crt", "ca.key", "tls.crt", "tls.key", "next-ca.crt", "next-ca.key", "rotation.json"]

    /// What can be used of a Secret, and what is wrong with it.
    struct Reading {
        /// Without an authority nothing can be used.
        var state = CertificateState()
        var problems: [String] = []
    }

    static func read(_ data: [String: Data]) -> Reading {
        var reading = Reading()
        reading.state.authority = certificate("ca", data, &reading)
        reading.state.serving = certificate("tls", data, &reading)
        if data["next-ca.crt"] != nil || data["next-ca.key"] != nil {
            reading.state.next = certificate("next-ca", data, &reading)
        }
        if let authority = reading.state.authority, let serving = reading.state.serving,
            !serving.isSigned(by: authority)
        {
            reading.problems.append("tls.crt isn't signed by ca.crt")
            reading.state.serving = nil
        }
        if let notes = data["rotation.json"] {
            if let rotation = try? JSONDecoder().decode(Rotation.self, from: notes) {
                if reading.state.next != nil {
                    reading.state.nextPublished = rotation.nextPublished.map { Date(timeIntervalSince1970: Double($0)) }
                }
                // Something that is no certificate would make the whole bundle unreadable for agents.
                reading.state.former = rotation.former.filter { (try? Certificate(pemEncoded: $0.certificate)) != nil }
                    .map { .init(certificate: $0.certificate, until: Date(timeIntervalSince1970: Double($0.until))) }
            } else {
                reading.problems.append("rotation.json can't be read")
            }
        }
        return reading
    }

    private static func certificate(
        _ name: String, _ data: [String: Data], _ reading: inout Reading
    ) -> IssuedCertificate? {
        do throws(CertificateDamage) {
            guard let certificate = data["\(name).crt"], let key = data["\(name).key"] else { throw .missing }
            return try IssuedCertificate(
                certificate: String(decoding: certificate, as: UTF8.self), key: String(decoding: key, as: UTF8.self))
        } catch {
            reading.problems.append("\(name) \(error)")
            return nil
        }
    }

    /// The Secret's data: null for what isn't there, so that a merge patch removes it.
    static func data(_ state: CertificateState) throws -> JSONValue {
        var texts: [String: String] = [:]
        texts["ca.crt"] = state.authority?.certificate
        texts["ca.key"] = state.authority?.key
        texts["tls.crt"] = state.serving?.certificate
        texts["tls.key"] = state.serving?.key
        texts["next-ca.crt"] = state.next?.certificate
        texts["next-ca.key"] = state.next?.key
        let rotation = Rotation(
            nextPublished: state.nextPublished.map { Int64(saturating: $0.timeIntervalSince1970) },
            former: state.former.map {
                .init(
                    certificate: $0.certificate, until: Int64(saturating: $0.until.timeIntervalSince1970.rounded(.up)))
            })
        let notes = try JSONEncoder().encode(rotation)
        var values: [String: JSONValue] = [:]
        for key in keys {
            values[key] = texts[key].map { .string(Data($0.utf8).base64EncodedString()) } ?? .null
        }
        values["rotation.json"] = .string(notes.base64EncodedString())
        return .object(values)
    }
}
