import Foundation
import Glibc
import Synchronization

/// A folder with the daemons in it, for one test; all are ended and removed with it.
public final class RealMachine: Sendable {
    public let directory: String
    private let cleanups = Mutex<[@Sendable () async -> Void]>([])

    private init() throws {
        directory = "/tmp/image-puller-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    /// Runs `body` with a new machine.
    public static func with<Result: Sendable>(
        _ body: (RealMachine) async throws -> Result
    ) async throws -> Result {
        let machine = try RealMachine()
        do {
            let result = try await body(machine)
            await machine.cleanUp()
            return result
        } catch {
            await machine.cleanUp()
            throw error
        }
    }

    /// Starts a containerd. `rootBytes`: its images lie on a file system of this size.
    public func containerd(_ name: String = "containerd", rootBytes: Int? = nil) async throws -> Containerd {
        let folder = "\(directory)/\(name)"
        var root: String?
        if let rootBytes {
            let mount = directory + "/small"
            try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: true)
            try await Tool.run("mount", "-t", "tmpfs", "-o", "size=\(rootBytes)", "tmpfs", mount)
            atEnd { _ = try? await Tool.run("umount", "--lazy", mount) }
            root = mount + "/root"
        }
        let containerd = try await Containerd(directory: folder, root: root)
        atEnd { await containerd.stop() }
        return containerd
    }

    /// Starts a registry.
    public func registry(
        _ name: String = "registry", port: Int? = nil, credentials: (user: String, password: String)? = nil
    ) async throws -> Registry {
        let registry = try await Registry(
            directory: "\(directory)/\(name)", port: port, credentials: credentials)
        atEnd { await registry.stop() }
        return registry
    }

    /// Starts a proxy before a registry; see ``FaultyProxy``.
    public func proxy(
        before registry: Registry, _ fault: FaultyProxy.Fault, path: String = "/v2/", times: Int? = nil,
        port: Int? = nil
    ) async throws -> FaultyProxy {
        let port = try port ?? LoopbackPort.find()
        let folder = "\(directory)/proxy-\(port)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let proxy = try await FaultyProxy(
            directory: folder, port: port, before: registry, fault, path: path, times: times)
        atEnd { await proxy.daemon.stop() }
        return proxy
    }

    /// Starts any program.
    ///
    /// - Parameter name: of its log; nil: the program's.
    public func daemon(
        _ program: String, _ arguments: [String], environment: [String: String], name: String? = nil
    ) throws -> Daemon {
        let name = name ?? (program as NSString).lastPathComponent
        let daemon = try Daemon(
            program, arguments, environment: environment, log: "\(directory)/\(name).log")
        atEnd { await daemon.stop() }
        return daemon
    }

    /// What is to be done at the end, last thing first.
    public func atEnd(_ body: @escaping @Sendable () async -> Void) { cleanups.withLock { $0.append(body) } }

    private func cleanUp() async {
        for body in cleanups.withLock({ $0 }).reversed() { await body() }
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// A program of this package, built beside the tests.
    public static func product(_ name: String) throws -> String {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let path = (tests as NSString).deletingLastPathComponent + "/" + name
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw RealRuntimeError("\(path) isn't built: run swift build first")
        }
        return path
    }
}
