import Glibc
import Synchronization

/// Debian's containerd with a root, a state and a socket of its own.
public final class Containerd: Sendable {
    /// What pods' sandboxes run. There is none until a test tags one so.
    public static let sandboxImage = "image-puller.test/pause:1"

    public let directory: String
    public let socket: String
    /// Where images lie.
    private let root: String
    private let daemon = Mutex<Daemon?>(nil)

    /// Starts it.
    ///
    /// - Parameter root: where images lie; a folder in `directory` when nil.
    public init(directory: String, root: String? = nil) async throws {
        self.directory = directory
        socket = directory + "/containerd.sock"
        let root = root ?? directory + "/root"
        self.root = root
        try TextFile.write(
            directory + "/config.toml",
            """
            version = 2
            root = "\(root)"
            state = "\(directory)/state"
            [grpc]
              address = "\(socket)"
            [plugins."io.containerd.grpc.v1.cri"]
              restrict_oom_score_adj = true
              disable_tcp_service = true
              sandbox_image = "\(Self.sandboxImage)"
              [plugins."io.containerd.grpc.v1.cri".registry]
                config_path = "\(directory)/certs.d"
            """)
        try await start()
    }

    /// Lets a registry be reached without TLS. `scheme` "https" insists on TLS instead.
    public func allow(_ host: String, scheme: String = "http") throws {
        try TextFile.write(
            "\(directory)/certs.d/\(host)/hosts.toml",
            """
            server = "\(scheme)://\(host)"
            [host."\(scheme)://\(host)"]
              capabilities = ["pull", "resolve"]
            """)
    }

    /// Has a registry asked through another host, and through that alone.
    public func mirror(_ host: String, by other: String) throws {
        try TextFile.write(
            "\(directory)/certs.d/\(host)/hosts.toml",
            """
            server = "http://\(other)"
            [host."http://\(other)"]
              capabilities = ["pull", "resolve"]
            """)
    }

    public func start() async throws {
        let started = try Daemon(
            "containerd", ["--config", directory + "/config.toml"], log: directory + "/containerd.log")
        daemon.withLock { $0 = started }
        for _ in 0..<600 {
            if let status = started.exitStatus() {
                throw RealRuntimeError("containerd ended with status \(status): \(started.output().suffix(2_000))")
            }
            if (try? await images()) != nil { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw RealRuntimeError("containerd doesn't answer: \(started.output().suffix(2_000))")
    }

    public func stop() async { await daemon.withLock { $0 }?.stop() }

    /// As when it crashes.
    public func kill() async throws {
        guard let daemon = daemon.withLock({ $0 }) else { return }
        daemon.signal(SIGKILL)
        _ = try await daemon.end()
    }

    /// `ctr` in the namespace of Kubernetes.
    @discardableResult
    public func ctr(_ arguments: String...) async throws -> String {
        try await Tool.run("ctr", arguments: ["--address", socket, "--namespace", "k8s.io"] + arguments)
    }

    /// The names of all images, sorted: tags, digests, and each image's id.
    public func images() async throws -> [String] {
        try await ctr("images", "ls", "--quiet").split(separator: "\n").map(String.init).sorted()
    }

    /// Deletes a blob behind its back, as a damaged disk or a tidy administrator would.
    public func loseContent(_ digest: String) throws {
        let parts = digest.split(separator: ":").map(String.init)
        let file = "\(root)/io.containerd.content.v1.content/blobs/\(parts.joined(separator: "/"))"
        guard unlink(file) == 0 else { throw RealRuntimeError("\(file): \(String(cString: strerror(errno)))") }
    }

    /// Whether a container of an image can be made: then all of its content is there. The container goes at once.
    public func canMakeContainer(of image: String) async throws -> Bool {
        let name = "usable-\(UInt64.random(in: 0...UInt64.max))"
        guard (try? await ctr("containers", "create", image, name, "true")) != nil else { return false }
        try await ctr("containers", "delete", name)
        return true
    }

    public func remove(_ reference: String) async throws { try await ctr("images", "rm", "--sync", reference) }
}
