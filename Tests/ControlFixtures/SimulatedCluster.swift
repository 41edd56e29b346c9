import Foundation
import Logging
import Planning
import Shared
import Testing

@testable import Events
@testable import KubernetesClient
@testable import KubernetesFixtures
@testable import Manifests
@testable import TestBasics

/// The built cluster simulator as an API server: no mock that agrees with itself.
struct SimulatedCluster: Sendable {
    let client: KubernetesClient
    let events: EventRecorder

    /// Runs a simulator while `body` does.
    static func run(nodes: Int = 1, _ body: @Sendable (SimulatedCluster) async throws -> Void) async throws {
        // Short: the path of a node's socket has at most 107 bytes.
        let folder = "/tmp/sim-\(String(UInt32.random(in: 0...UInt32.max), radix: 36))"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try BuiltProgram.path("cluster-simulator"))
        // The agent does nothing; these tests are about objects.
        process.arguments = [
            "serve", "--nodes", "\(nodes)", "--agent", "/bin/cat", "--directory", folder, "--kip-image",
            "ours.example/agent:1",
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        defer {
            process.terminate()
            process.waitUntilExit()
            try? FileManager.default.removeItem(atPath: folder)
        }
        let url = try await ready(output.fileHandleForReading)
        let client = KubernetesClient(access: .plain(url), logger: .quiet)
        let cluster = SimulatedCluster(client: client, events: EventRecorder(client: client, logger: .quiet))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await cluster.events.run() }
            defer { group.cancelAll() }
            try await body(cluster)
        }
    }

    private static func ready(_ output: FileHandle) async throws -> String {
        let line = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var text = ""
                while !text.contains("\n") {
                    let data = output.availableData
                    guard !data.isEmpty else { break }
                    text += String(decoding: data, as: UTF8.self)
                }
                continuation.resume(returning: text)
            }
        }
        let url = line.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("api=") }?.dropFirst(4)
        return String(try #require(url))
    }

    static let configMap = ObjectReference(
        apiVersion: "v1", kind: "ConfigMap", namespace: "k8s-image-puller", name: "k8s-image-puller")

    func daemonSet(_ name: String, _ namespace: String = "k8s-image-puller") async throws -> DaemonSet? {
        try await client.find(DaemonSet.self, name, namespace: namespace)
    }

    func createNamespace(_ name: String) async throws {
        let document: JSONValue = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]]
        let type = ResourceType(group: "", version: "v1", plural: "namespaces", kind: "Namespace", isNamespaced: false)
        try await client.apply(document, type, name: name)
    }

    func annotateNamespace(_ name: String, _ annotations: [String: String]) async throws {
        let patch: JSONValue = ["metadata": ["annotations": .object(annotations.mapValues { .string($0) })]]
        let type = ResourceType(group: "", version: "v1", plural: "namespaces", kind: "Namespace", isNamespaced: false)
        try await client.mergePatch(patch, type, name: name)
    }

    /// Something changes, so that controllers look again.
    func annotateNodes() async throws {
        let type = ResourceType(group: "", version: "v1", plural: "nodes", kind: "Node", isNamespaced: false)
        for node in try await client.list(Node.self).items {
            try await client.mergePatch(
                ["metadata": ["annotations": ["looked": "again"]]], type, name: node.metadata.name)
        }
    }

    func configure(_ images: String, _ more: [String: String] = [:]) async throws {
        let data = more.merging(["IMAGES": images]) { first, _ in first }
        let document: JSONValue = [
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": ["name": "k8s-image-puller", "namespace": "k8s-image-puller"],
            "data": JSONValue(labels: data),
        ]
        // Another field manager would be more honest, but the values are what counts.
        if try await client.find(ConfigMap.self, "k8s-image-puller", namespace: "k8s-image-puller") == nil {
            try await client.create(document, .configMaps, namespace: "k8s-image-puller")
        } else {
            try await client.mergePatch(
                ["data": JSONValue(labels: data)], .configMaps, name: "k8s-image-puller",
                namespace: "k8s-image-puller")
        }
    }
}
