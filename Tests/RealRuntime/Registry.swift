import Glibc

/// Debian's docker-registry on a loopback port, without TLS.
public final class Registry: Sendable {
    public let port: Int
    /// As it stands in references: `127.0.0.1:5000`.
    public let host: String
    public let daemon: Daemon
    private let directory: String
    private let credentials: (user: String, password: String)?

    /// Starts a registry that keeps its blobs in `directory`.
    ///
    /// - Parameter credentials: when set, everything needs this user and password.
    public init(
        directory: String, port: Int? = nil, credentials: (user: String, password: String)? = nil
    ) async throws {
        let port = try port ?? LoopbackPort.find()
        self.port = port
        host = "127.0.0.1:\(port)"
        self.directory = directory
        self.credentials = credentials
        var authentication = ""
        if let credentials {
            let line = try await Tool.run("htpasswd", "-Bbn", credentials.user, credentials.password)
            try TextFile.write(directory + "/htpasswd", line)
            authentication = "auth:\n  htpasswd:\n    realm: test\n    path: \(directory)/htpasswd\n"
        }
        try TextFile.write(
            directory + "/config.yml",
            """
            version: 0.1
            log:
              level: warn
            storage:
              filesystem:
                rootdirectory: \(directory)/blobs
              delete:
                enabled: true
            http:
              addr: 127.0.0.1:\(port)
            \(authentication)
            """)
        daemon = try Daemon(
            "docker-registry", ["serve", directory + "/config.yml"], log: directory + "/registry.log")
        try await waitUntilReady()
    }

    /// Makes the image `repository:tag` of this registry; returns the whole reference.
    @discardableResult
    public func push(_ image: TestImage, as name: String) async throws -> String {
        let layout = "\(directory)/layout-\(name.replacing("/", with: "-").replacing(":", with: "-"))"
        try await image.write(to: layout)
        var arguments = ["copy", "--quiet", "--insecure-policy", "--dest-tls-verify=false"]
        if let credentials { arguments += ["--dest-creds", "\(credentials.user):\(credentials.password)"] }
        try await Tool.run("skopeo", arguments: arguments + ["oci:\(layout):latest", "docker://\(host)/\(name)"])
        try await Tool.run("rm", "-rf", layout)
        return "\(host)/\(name)"
    }

    /// Makes the image `repository:tag` with a manifest for each platform, by an index; returns the whole reference.
    ///
    /// - Parameter others: more entries of the index, such as attestations, as they stand in it.
    @discardableResult
    public func push(_ images: [TestImage], as name: String, others: [String] = []) async throws -> String {
        var entries = others
        for image in images {
            let part = "\(name)-\(image.architecture)"
            try await push(image, as: part)
            let size =
                try await curl("--head", "--header", "Accept: \(Self.manifestType)", path: part)
                .split(whereSeparator: \.isNewline).first { $0.lowercased().hasPrefix("content-length:") }?
                .split(separator: " ").last ?? "0"
            entries.append(
                "{\"mediaType\": \"\(Self.manifestType)\", \"digest\": \"\(try await digest(of: part))\", "
                    + "\"size\": \(size), \"platform\": {\"os\": \"linux\", \"architecture\": \"\(image.architecture)\"}}"
            )
        }
        let type = "application/vnd.oci.image.index.v1+json"
        let index =
            "{\"schemaVersion\": 2, \"mediaType\": \"\(type)\", \"manifests\": [\(entries.joined(separator: ", "))]}"
        try await curl("--request", "PUT", "--header", "Content-Type: \(type)", "--data", index, path: name)
        return "\(host)/\(name)"
    }

    private static let manifestType = "application/vnd.oci.image.manifest.v1+json"

    @discardableResult
    private func curl(_ arguments: String..., path name: String) async throws -> String {
        let parts = name.split(separator: ":", maxSplits: 1)
        let url = "http://\(host)/v2/\(parts[0])/manifests/\(parts.last ?? "latest")"
        var all = ["--silent", "--show-error", "--fail-with-body"] + arguments
        if let credentials { all += ["--user", "\(credentials.user):\(credentials.password)"] }
        return try await Tool.run("curl", arguments: all + [url])
    }

    /// The digest that a tag stands for.
    public func digest(of name: String) async throws -> String {
        var arguments = ["inspect", "--tls-verify=false", "--format", "{{.Digest}}"]
        if let credentials { arguments += ["--creds", "\(credentials.user):\(credentials.password)"] }
        let output = try await Tool.run("skopeo", arguments: arguments + ["docker://\(host)/\(name)"])
        return output.filter { !$0.isWhitespace }
    }

    public func stop() async {
        daemon.signal(SIGCONT)
        await daemon.stop()
    }

    private func waitUntilReady() async throws {
        for _ in 0..<600 {
            if let status = daemon.exitStatus() {
                throw RealRuntimeError("docker-registry ended with status \(status): \(daemon.output())")
            }
            if LoopbackPort.isTaken(port) { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw RealRuntimeError("docker-registry doesn't listen: \(daemon.output())")
    }
}
