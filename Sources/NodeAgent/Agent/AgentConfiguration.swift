import Logging
import Shared

/// What the pod's environment tells the agent.
struct AgentConfiguration: Sendable, Equatable {
    /// The node's Kubernetes name.
    var node: String
    /// The coordinator: scheme, host and port.
    var server: String
    /// Read anew for every request, because the kubelet renews it.
    var tokenFile: String
    /// PEM; the system's authorities when nil.
    var caFile: String?
    /// Candidates, in order of preference.
    var runtimeSockets: [String]
    /// A folder of folders, one for each pull secret.
    var pullSecrets: String?
    /// A path on the file system of the images, or a file that says its size; see ``ImageFilesystem``.
    var imageRoot = "/"
    var logLevel = Logger.Level.info
    var logFormat = LogFormat.text
}

extension AgentConfiguration {
    /// All that is wrong with the environment at once.
    struct Failure: Error, Equatable, CustomStringConvertible {
        let problems: [String]
        var description: String { "wrong environment: " + problems.joined(separator: "; ") }
    }

    static let help = """
          IMAGE_PULLER_NODE             this node's Kubernetes name (required)
          IMAGE_PULLER_SERVER           the coordinator, https://host:port (required)
          IMAGE_PULLER_TOKEN_FILE       file with the bearer token for the coordinator (required)
          IMAGE_PULLER_RUNTIME_SOCKETS  candidate paths of the runtime's CRI socket, comma-separated (required)
          IMAGE_PULLER_CA_FILE          PEM file of the authority that signs the coordinator's certificate
          IMAGE_PULLER_PULL_SECRETS     folder with one folder for each secret, each with .dockerconfigjson
                                        or .dockercfg
          IMAGE_PULLER_IMAGE_ROOT       path on the file system of the images (default: /), or a file with its
                                        capacity and its free bytes, where statvfs doesn't know them
          IMAGE_PULLER_LOG_LEVEL        trace, debug, info, notice, warning, error or critical (default: info)
          IMAGE_PULLER_LOG_FORMAT       text or json (default: text)
        """

    init(environment: [String: String]) throws(Failure) {
        var reader = EnvironmentReader(environment: environment)
        let node = reader.required("IMAGE_PULLER_NODE", "the node's name, from the field spec.nodeName")
        var server = reader.required("IMAGE_PULLER_SERVER", "the coordinator's https://host:port")
        while server.hasSuffix("/") { server.removeLast() }
        // A token in the clear never leaves the machine: that is for tests.
        let isSecure = server.hasPrefix("https://") && server != "https://"
        if !server.isEmpty, !isSecure, !server.hasPrefix("http://127.0.0.1:") {
            reader.refuse("IMAGE_PULLER_SERVER", "is no https:// address")
        } else if server.contains(where: { $0 == "?" || $0 == "#" || $0 == "@" || $0.isWhitespace }) {
            reader.refuse("IMAGE_PULLER_SERVER", "must be scheme, host and port alone")
        }
        let tokenFile = reader.required("IMAGE_PULLER_TOKEN_FILE", "the path of the bearer token")
        let sockets = reader.required("IMAGE_PULLER_RUNTIME_SOCKETS", "paths of CRI sockets, comma-separated")
            .split(separator: ",").map { String($0.filter { !$0.isWhitespace }) }.filter { !$0.isEmpty }
        if let relative = sockets.first(where: { !$0.hasPrefix("/") }) {
            reader.refuse("IMAGE_PULLER_RUNTIME_SOCKETS", "has \"\(relative)\", which is no absolute path")
        }
        var level = Logger.Level.info
        if let text = reader.optional("IMAGE_PULLER_LOG_LEVEL") {
            if let known = Logger.Level(rawValue: text.lowercased()) {
                level = known
            } else {
                let names = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
                reader.refuse("IMAGE_PULLER_LOG_LEVEL", "is \"\(text)\"; write one of \(names)")
            }
        }
        var format = LogFormat.text
        if let text = reader.optional("IMAGE_PULLER_LOG_FORMAT") {
            if let known = LogFormat(rawValue: text.lowercased()) {
                format = known
            } else {
                reader.refuse("IMAGE_PULLER_LOG_FORMAT", "is \"\(text)\"; write text or json")
            }
        }
        guard reader.problems.isEmpty else { throw Failure(problems: reader.problems) }
        self.init(
            node: node, server: server, tokenFile: tokenFile, caFile: reader.optional("IMAGE_PULLER_CA_FILE"),
            runtimeSockets: sockets, pullSecrets: reader.optional("IMAGE_PULLER_PULL_SECRETS"),
            imageRoot: reader.optional("IMAGE_PULLER_IMAGE_ROOT") ?? "/", logLevel: level,
            logFormat: format)
    }
}

/// Reads variables and gathers what is wrong with them.
private struct EnvironmentReader {
    let environment: [String: String]
    private(set) var problems: [String] = []

    init(environment: [String: String]) { self.environment = environment }

    func optional(_ name: String) -> String? {
        guard let value = environment[name], !value.isEmpty else { return nil }
        return value
    }

    mutating func required(_ name: String, _ meaning: String) -> String {
        if let value = optional(name) { return value }
        problems.append("\(name) is not set; it holds \(meaning)")
        return ""
    }

    mutating func refuse(_ name: String, _ problem: String) { problems.append("\(name) \(problem)") }
}
