import FoundationEssentials

/// What an exec plugin prints. Shows no credential when printed itself.
struct ExecCredential: Decodable, Sendable, CustomStringConvertible {
    var apiVersion: String?
    var kind: String?
    var status: Status?

    struct Status: Decodable, Sendable, CustomStringConvertible {
        var token: String?
        /// PEM.
        var clientCertificateData: String?
        /// PEM.
        var clientKeyData: String?
        /// Nil: good until the server refuses it.
        var expirationTimestamp: KubernetesTime?

        var description: String { "credential until \(expirationTimestamp?.description ?? "refused")" }
    }

    var description: String { "ExecCredential" }

    /// Reads a plugin's output.
    ///
    /// - Returns: the credential, or in words what is wrong with it.
    static func parse(_ output: [UInt8], version: ExecPlugin.Version) -> Result<Status, Problem> {
        let value: ExecCredential
        do {
            value = try JSONDecoder().decode(ExecCredential.self, from: Data(output))
        } catch {
            return .failure(Problem("its output is no ExecCredential: " + describeDecoding(error)))
        }
        guard value.kind == nil || value.kind == "ExecCredential" else {
            return .failure(Problem("its output is no ExecCredential"))
        }
        guard value.apiVersion == version.rawValue else {
            return .failure(
                Problem("it answered in \(value.apiVersion ?? "no apiVersion"), expected \(version.rawValue)"))
        }
        guard let status = value.status else { return .failure(Problem("its output has no status")) }
        guard (status.clientCertificateData == nil) == (status.clientKeyData == nil) else {
            return .failure(Problem("clientCertificateData and clientKeyData need each other: one is missing"))
        }
        guard status.token?.isEmpty == false || status.clientCertificateData?.isEmpty == false else {
            return .failure(Problem("its output has neither a token nor a client certificate"))
        }
        return .success(status)
    }

    struct Problem: Error, Hashable {
        let text: String
        init(_ text: String) { self.text = text }
    }
}
