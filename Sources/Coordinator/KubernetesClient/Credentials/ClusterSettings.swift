import Shared

/// Where an API server is, and who we are there: a kubeconfig's context or a pod's service account, resolved.
struct ClusterSettings: Sendable {
    /// For errors and logs: `kubeconfig "…", context "…"`, or `in-cluster`.
    var place: String
    /// The API server's URL, without a slash at its end.
    var server: String
    var serverName: String?
    var verifiesPeer = true
    var certificateAuthority: CredentialMaterial?
    var proxy = ProxySetting.none
    /// The namespace of the context or of the pod.
    var namespace: String?
    var user = User()

    struct User: Sendable {
        var clientCertificate: CredentialMaterial?
        var clientKey: CredentialMaterial?
        var token: CredentialMaterial?
        var basic: Basic?
        var exec: ExecPlugin?
        /// Acting as somebody else: headers.
        var impersonation: [(name: String, value: String)] = []
    }

    /// User name and password. Prints neither.
    struct Basic: Sendable, Hashable, CustomStringConvertible {
        var username: String
        var password: String
        var description: String { "user name and password" }
    }
}
