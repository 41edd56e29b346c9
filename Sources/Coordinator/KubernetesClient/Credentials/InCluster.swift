import FoundationEssentials

/// The API server as seen from a pod: its address in the environment, the rest in the service account's volume.
struct InCluster: Sendable {
    /// Where the kubelet mounts the service account.
    var directory = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// Nil when this isn't a pod.
    ///
    /// Proxy variables of the environment are not for connections within the cluster.
    ///
    /// - Throws: ``AccessError`` when it is one without a usable service account.
    func settings(environment: [String: String]) throws(AccessError) -> ClusterSettings? {
        guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty,
            let port = environment["KUBERNETES_SERVICE_PORT"], !port.isEmpty
        else { return nil }
        let place = "in-cluster service account"
        let token = CredentialMaterial.file(directory + "/token")
        guard FileManager.default.fileExists(atPath: directory + "/token") else {
            throw AccessError(
                place,
                "there is no token in \(directory): set automountServiceAccountToken to true, or say --kubeconfig FILE")
        }
        let address = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
        var settings = ClusterSettings(place: place, server: "https://\(address):\(port)")
        settings.certificateAuthority = .file(directory + "/ca.crt")
        settings.namespace = try? CredentialMaterial.file(directory + "/namespace").read("namespace", at: place)
        settings.user.token = token
        return settings
    }
}
