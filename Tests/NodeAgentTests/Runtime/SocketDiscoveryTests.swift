import Glibc
import Shared
import Testing

@testable import NodeAgent

@Suite("Which runtime the agent uses") struct SocketDiscoveryTests {
    /// A socket at which somebody listens, with a queue of so many, and accepts nobody.
    private final class Listener: Sendable {
        let path: String
        private let descriptor: Int32

        init(_ path: String, queue: Int32 = 64) throws {
            self.path = path
            descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
            let result = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            guard result == 0, listen(descriptor, queue) == 0 else { throw Files.Failure(errno) }
        }

        deinit { close(descriptor) }
    }

    /// What answers at a socket.
    private struct Answering: ContainerRuntime {
        let socket: String
        let name: String
        let isImplemented: Bool

        func version() async throws -> CRIVersionResponse {
            guard isImplemented else {
                throw GRPCStatus(code: 12, message: "unknown service runtime.v1.RuntimeService")
            }
            var version = CRIVersionResponse()
            version.runtimeName = name
            version.runtimeVersion = "1.0"
            return version
        }

        func images() async throws -> [CRIImage] { [] }
        func containers() async throws -> [CRIContainer] { [] }
        func image(for reference: String) async throws -> CRIImage? { nil }
        func info(of id: String) async throws -> String? { nil }
        func remove(_ reference: String, timeout: Duration) async throws {}
        func pull(_ reference: String, auth: CRIAuthConfig?, timeout: Duration) async throws -> String { "" }
    }

    @Test("A runtime whose queue is full holds up nobody, and the next candidate is asked")
    func frozen() async throws {
        let folder = try TemporaryDirectory()
        let frozen = try Listener(folder.path + "/frozen.sock", queue: 0)
        // Connections that nobody accepts stay in the queue.
        for _ in 0..<100 where RuntimeSocket(path: frozen.path).probe() == nil {}
        #expect(RuntimeSocket(path: frozen.path).probe()?.code == EAGAIN)
        let start = ContinuousClock.now
        let alone = SocketDiscovery(candidates: [frozen.path], patience: .milliseconds(200))
        await #expect(throws: RuntimeFailure.self) { _ = try await alone.current() }
        let living = try Listener(folder.path + "/living.sock")
        let both = SocketDiscovery(candidates: [frozen.path, living.path], patience: .milliseconds(200))
        #expect(try await both.current().socket == living.path)
        #expect(start.duration(to: .now) < .seconds(20))
    }

    @Test(
        "Kubelets call runtimes by a part of their version",
        arguments: [
            ("containerd://1.6.20", "containerd", "1.6.20~ds1", true),
            ("containerd://2.3.4", "containerd", "v2.3.4", true),
            ("containerd://2.0.5-k3s2", "containerd", "v2.0.5-k3s2", true), ("cri-o://1.36.3", "cri-o", "1.36.3", true),
            ("containerd://1.6.2", "containerd", "1.6.20", false), ("containerd://1.6", "containerd", "1.6.20", false),
            ("cri-o://1.36.3", "containerd", "1.36.3", false),
            ("containerd://2.0.5-k3s2", "containerd", "2.0.5", false),
        ])
    func names(_ kubelets: String, _ name: String, _ version: String, _ isSame: Bool) throws {
        #expect(try #require(KubeletsRuntime(kubelets)).isCalled(name, version: version) == isSame)
        #expect(KubeletsRuntime("") == nil && KubeletsRuntime("containerd://") == nil)
    }

    @Test("One that answers Unimplemented isn't the node's; of several the kubelet's counts")
    func several() async throws {
        let folder = try TemporaryDirectory()
        let names = ["docker", "containerd", "cri-o"]
        let listeners = try names.map { try Listener(folder.path + "/\($0).sock") }
        defer { withExtendedLifetime(listeners) {} }
        let discovery = SocketDiscovery(candidates: listeners.map(\.path)) { path in
            let name = path.split(separator: "/").last?.split(separator: ".").first.map(String.init) ?? ""
            return Answering(socket: path, name: name, isImplemented: name != "docker")
        }
        #expect(try await discovery.current().socket == listeners[1].path)
        discovery.expect("cri-o://1.0")
        #expect(try await discovery.current().socket == listeners[2].path)
        discovery.expect("")
        #expect(try await discovery.current().socket == listeners[2].path, "nothing was told")
        discovery.expect("cri-o://2.0")
        #expect(try await discovery.current().socket == listeners[1].path, "none is that one: the first that answers")
    }
}
