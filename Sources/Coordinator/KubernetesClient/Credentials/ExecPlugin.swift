import Shared

/// A program that gives credentials (`client.authentication.k8s.io`), as a kubeconfig names it.
struct ExecPlugin: Sendable {
    enum Version: String, Sendable {
        case v1 = "client.authentication.k8s.io/v1"
        case v1beta1 = "client.authentication.k8s.io/v1beta1"
    }

    var version: Version
    /// A path, or a name to look for in `PATH`.
    var command: String
    var arguments: [String]
    /// Added to our own environment.
    var environment: [String: String]
    /// What the kubeconfig's author tells people who don't have the program.
    var installHint: String?
    /// The `cluster` of ExecCredential's spec, when the plugin wants it.
    var clusterInfo: JSONValue?
    var place: String

    init(
        _ exec: KubeconfigDocument.Exec, directory: String, cluster: KubeconfigDocument.Cluster, place: String
    ) throws(AccessError) {
        guard let version = exec.apiVersion.flatMap(Version.init) else {
            throw AccessError(
                place,
                "exec.apiVersion \"\(exec.apiVersion ?? "")\" isn't supported: use \(Version.v1.rawValue) or "
                    + Version.v1beta1.rawValue)
        }
        guard let command = exec.command, !command.isEmpty else { throw AccessError(place, "exec.command is missing") }
        guard exec.interactiveMode != "Always" else {
            throw AccessError(
                place,
                "the exec plugin \"\(command)\" wants a terminal (interactiveMode: Always) and there is none here: "
                    + "use a plugin or an account that logs in by itself")
        }
        self.version = version
        self.command = command.contains("/") && !command.hasPrefix("/") ? directory + "/" + command : command
        arguments = exec.args ?? []
        environment = Dictionary((exec.env ?? []).map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
        installHint = exec.installHint
        clusterInfo = exec.provideClusterInfo == true ? Self.info(cluster) : nil
        self.place = place
    }

    private static func info(_ cluster: KubeconfigDocument.Cluster) -> JSONValue {
        var info: JSONValue = ["server": .string(cluster.server ?? "")]
        if let name = cluster.tlsServerName { info["tls-server-name"] = .string(name) }
        if let skip = cluster.insecureSkipTLSVerify { info["insecure-skip-tls-verify"] = .bool(skip) }
        if let data = cluster.certificateAuthorityData { info["certificate-authority-data"] = .string(data) }
        if let proxy = cluster.proxyURL { info["proxy-url"] = .string(proxy) }
        info["config"] = cluster.extensions?.first { $0.name == "client.authentication.k8s.io/exec" }?.extension
        return info
    }
}
