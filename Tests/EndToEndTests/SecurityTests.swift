import Foundation
import Glibc
import Shared
import Testing

@testable import Access
@testable import Certificates
@testable import Control
@testable import HTTPListener
@testable import KubernetesClient
@testable import Reporting

extension EndToEndTests {
    /// Tokens that last for seconds, and certificates too: agents follow both, and keep reporting.
    @Test func agentsFollowTokensAndCertificates() async throws {
        try await TestCluster.simulated(tokenSeconds: 8) { cluster in
            try await cluster.configure(cluster.data([cluster.images[0]]))
            let coordinator = try await cluster.startCoordinator([
                "--certificate-seconds", "6", "--authority-seconds", "18", "--authority-delivery-seconds", "4",
            ])
            try await cluster.untilHeld(images: 1)
            func state() async throws -> CertificateState {
                let name = "kubernetes-image-puller-tls"
                let secret = try await cluster.client.get(Secret.self, name, namespace: cluster.namespace)
                return CertificateSecret.read(secret.data ?? [:]).state
            }
            let first = try await state().authority
            let requests = try await cluster.registryRequests()
            let pods = Set(try await cluster.pods().compactMap(\.metadata.uid))
            var worst = 0.0
            try await eventually("the authority has changed twice", within: 120) {
                let rows = try await cluster.coverage(by: "node").rows
                worst = max(worst, rows.compactMap(\.reportAgeSeconds).max() ?? 0)
                return coordinator.log.components(separatedBy: "action=promote").count > 2
            }
            #expect(try await state().authority != first)
            #expect(worst < 15, "an agent was silent for \(worst) s")
            try await cluster.untilHeld(images: 1)
            #expect(try await cluster.registryRequests() == requests)
            #expect(Set(try await cluster.pods().compactMap(\.metadata.uid)) == pods)
            #expect(!coordinator.log.contains("PRIVATE KEY"))
        }
    }

    /// The coordinator's own words to somebody with a token of the cluster, and the CLI over TLS.
    @Test func readersAndStrangersOnTheOpenListener() async throws {
        try await TestCluster.simulated(nodes: 2) { cluster in
            try await cluster.configure(cluster.data([cluster.images[0]]))
            try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 1)
            let account: JSONValue = [
                "apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": ["name": "reader", "namespace": .string(cluster.namespace)],
            ]
            try await cluster.client.create(account, .serviceAccounts, namespace: cluster.namespace)
            let reader = try await cluster.token(account: "reader")
            let files = try await cluster.files(["ca": try await cluster.bundle(), "token": reader])
            let arguments = [
                "coverage", "--server", cluster.openServer, "--ca-file", files["ca"] ?? "", "--token-file",
                files["token"] ?? "",
            ]
            // Every authenticated user may get /api/* of a cluster: that must not be enough.
            let (refused, why) = try await RunningProgram.run(.coordinator, arguments)
            #expect(refused == 3 && why.contains("/image-puller/api/v1/coverage"), "\(why)")
            let binding: JSONValue = [
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
                "metadata": ["name": "reader"],
                "roleRef": ["kind": "ClusterRole", "name": "kubernetes-image-puller-reader"],
                "subjects": [
                    ["kind": "ServiceAccount", "name": "reader", "namespace": .string(cluster.namespace)]
                ],
            ]
            try await cluster.create([binding])
            // A refusal is remembered for some seconds.
            try await eventually("the reader has access") {
                try await RunningProgram.run(.coordinator, arguments).status == 0
            }
            let (status, output) = try await RunningProgram.run(.coordinator, arguments)
            #expect(status == 0 && output.contains("coverage 100"), "\(output)")
            #expect(try await RunningProgram.run(.coordinator, Array(arguments.dropLast(2))).status == 3)

            // A pod's own token reports for its own node alone, and dies with its pod.
            let pods = try await cluster.pods()
            let pod = try #require(pods.first)
            let other = try #require(pods.last?.spec?.nodeName)
            let token = try await cluster.token(
                account: "kubernetes-image-puller-agent", audience: "image-puller", pod: pod.metadata.name)
            func report(_ node: String, _ token: String) async throws -> Int {
                var request = HTTPRequest("POST", cluster.openServer + "/agent/v1/reports")
                request.headers["Content-Type"] = "application/json"
                request.headers["Authorization"] = "Bearer \(token)"
                request.body = Array(#"{"node": "\#(node)", "bootId": "x", "sequence": "1"}"#.utf8)
                return try await cluster.openClient().send(request).status
            }
            #expect(try await report(other, token) == 403)
            #expect(try await report(try #require(pod.spec?.nodeName), reader) == 401)
            try await cluster.client.delete(.pods, name: pod.metadata.name, namespace: cluster.namespace)
            try await eventually("the pod's token is refused", within: 60) {
                try await report(try #require(pod.spec?.nodeName), token) == 401
            }
            try await cluster.untilHeld(images: 1)
        }
    }

    /// A thousand half-open connections to each listener: the process stays, agents report, memory comes back.
    @Test func halfOpenConnections() async throws {
        try await TestCluster.simulated { cluster in
            try await cluster.configure(cluster.data([cluster.images[0]]))
            let coordinator = try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 1)
            func resident() throws -> Int {
                let status = try String(
                    contentsOfFile: "/proc/\(coordinator.process.processIdentifier)/status", encoding: .utf8)
                let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
                return Int(line.filter(\.isNumber)) ?? 0
            }
            func sockets() throws -> Int {
                try FileManager.default.contentsOfDirectory(
                    atPath: "/proc/\(coordinator.process.processIdentifier)/fd"
                ).count
            }
            OpenFiles.raise()
            let first = try resident()
            for _ in 0..<3 {
                let open = try sockets()
                var connections: [Int32] = []
                for (port, text) in [
                    (cluster.agentPort, "\u{16}\u{3}\u{1}"), (cluster.localPort, "GET /api HTTP/1.1\r\nX:"),
                ] {
                    for _ in 0..<1_000 { if let socket = Self.connect(port, text) { connections.append(socket) } }
                }
                #expect(connections.count > 1_200)
                // Agents are known: they go on meanwhile, and so do people after a while.
                try await eventually("agents report meanwhile", within: 30) {
                    let ages = try await cluster.coverage(by: "node").rows.compactMap(\.reportAgeSeconds)
                    return ages.count == 3 && ages.allSatisfy { $0 < 5 }
                }
                try await eventually("the connections are closed by the coordinator", within: 60) {
                    try sockets() <= open + 10
                }
                for socket in connections { close(socket) }
                let full = try resident()
                // Free memory is given back every half minute.
                try await eventually("memory comes back", within: 100) { try resident() < first + 10_000 }
                print("half-open connections: \(first) kB at first, \(full) kB, then \(try resident()) kB")
            }
            #expect(coordinator.process.isRunning)
            try await cluster.untilHeld(images: 1)
        }
    }

    private static func connect(_ port: Int, _ text: String) -> Int32? {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { return nil }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(socket, $0, size) }
        }
        guard result == 0 else {
            close(socket)
            return nil
        }
        _ = text.withCString { Glibc.send(socket, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
        return socket
    }
}
