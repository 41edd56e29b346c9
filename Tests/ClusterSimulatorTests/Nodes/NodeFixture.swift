import ClusterModel
import FoundationEssentials
import Glibc
import Logging
import Shared
import Testing

@testable import ClusterSimulator

/// A store, a registry and nodes in real time, in a folder of their own.
final class NodeFixture: Sendable {
    static let image = "registry.example.com/app:1"

    let store = ObjectStore()
    let cluster = LiveCluster(seed: 7)
    let fleet: NodeFleet
    let directory: String
    private let processes: ProcessGuard

    /// - Parameter agent: the text of a shell script that plays the agent.
    init(agent: String? = nil) throws {
        var template = Array("/tmp/simnodes-XXXXXX".utf8CString)
        _ = try #require(mkdtemp(&template))
        directory = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        var agentPath: String?
        if let agent {
            let path = directory + "/agent.sh"
            try Data("#!/bin/sh\n\(agent)\n".utf8).write(to: URL(filePath: path))
            chmod(path, 0o700)
            agentPath = path
        }
        processes = ProcessGuard(folder: nil)
        var configuration = KubeletConfiguration()
        configuration.neverInterval = 0.1...0.3
        configuration.startDelay = 0.01...0.02
        fleet = NodeFleet(
            surroundings: NodeSurroundings(
                store: store, cluster: cluster, tokens: TokenRegistry(), processes: processes, directory: directory,
                agentPath: agentPath, inherited: ["PATH": "/usr/bin:/bin"],
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }),
            kubelet: configuration)
    }

    /// Plays `body` with one node, n1, and leaves nothing behind.
    func run(_ body: () async throws -> Void) async throws {
        let model = try RegistryScenario(
            host: "registry.example.com", latencyMilliseconds: 1,
            images: [
                ImageScenario(reference: Self.image, megabytes: 1),
                ImageScenario(reference: "registry.example.com/big:1", megabytes: 100_000),
                ImageScenario(reference: "registry.example.com/agent:1", megabytes: 1),
            ]
        ).model()
        await cluster.change { $0.addRegistry(model) }
        let following = Task { await fleet.run() }
        let outcome: Result<Void, any Error>
        do {
            try await fleet.add(NodeScenario(name: "n1", zone: "zone-a"))
            try await body()
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        await fleet.stop(grace: .seconds(5))
        following.cancel()
        await following.value
        await processes.dismiss()
        try? FileManager.default.removeItem(atPath: directory)
        try outcome.get()
    }

    func text(_ path: String) -> String {
        FileManager.default.contents(atPath: "\(directory)/\(path)").map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    // MARK: Pods

    static func container(_ name: String, image: String = image, policy: String = "Never") -> JSONValue {
        ["name": .string(name), "image": .string(image), "imagePullPolicy": .string(policy)]
    }

    /// A container that the real program plays.
    static func agentContainer(env: [JSONValue] = [], mounts: [JSONValue] = []) -> JSONValue {
        [
            "name": "image-puller-agent", "image": "registry.example.com/agent:1", "imagePullPolicy": "IfNotPresent",
            "command": ["/image-puller/node-agent", "--flag"], "env": .array(env), "volumeMounts": .array(mounts),
        ]
    }

    @discardableResult
    func createPod(
        _ name: String, containers: [JSONValue], volumes: [JSONValue] = [], grace: Int64 = 5
    ) async throws -> JSONValue {
        try await store.create(
            .pods, namespace: "default",
            object: [
                "apiVersion": "v1", "kind": "Pod", "metadata": ["name": .string(name)],
                "spec": [
                    "nodeName": "n1", "containers": .array(containers), "volumes": .array(volumes),
                    "terminationGracePeriodSeconds": .integer(grace),
                ],
            ])
    }

    func status(_ pod: String, _ container: String) async -> JSONValue? {
        await store.get(.pods, namespace: "default", name: pod)?.at("status", "containerStatuses")?.arrayValue?
            .first { $0["name"]?.stringValue == container }
    }

    func isRunning(_ pod: String, _ container: String) async -> Bool {
        await status(pod, container)?.at("state", "running") != nil
    }
}
