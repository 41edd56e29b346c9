import FoundationEssentials
import KubernetesClient

/// A certificate with its private key, and what the policy has to know of it. Prints no key.
package struct IssuedCertificate: Sendable, Hashable {
    /// PEM.
    var certificate: String
    /// PEM, without a passphrase.
    var key: String
    var notBefore: Date
    var notAfter: Date
    /// DNS names and IP addresses; none for an authority.
    var names: Set<String> = []

    func isValid(at now: Date) -> Bool { notBefore <= now && now < notAfter }
}

extension IssuedCertificate: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String {
        let names = names.isEmpty ? "" : " of \(names.sorted().joined(separator: ", "))"
        return "certificate\(names), valid until \(KubernetesTime(notAfter))"
    }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["names": names, "notAfter": notAfter]) }
}
