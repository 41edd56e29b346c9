import Foundation
import RealRuntime
import Shared
import SwiftProtobuf
import Testing

extension RealRuntimeTests {
    /// Images held by containers that run our `sleep`, started as a kubelet would.
    @Suite(.serialized) struct RealHoldTests {
        @Test func sleepHoldsImagesThatHaveNothingToRun() async throws {
            try await RealNode.with { node in
                let sleep = try await SleepProgram.build(on: node.machine)
                let registry = try await node.machine.registry()
                try node.containerd.allow(registry.host)
                let program = try Data(contentsOf: URL(fileURLWithPath: sleep))
                let pause = try await registry.push(
                    TestImage(files: ["pause": program], command: ["/pause"]), as: "pause:1")
                #expect(try await node.pull(pause).outcome == .succeeded)
                try await node.containerd.ctr("images", "tag", pause, Containerd.sandboxImage)

                var withVolume = try TestImage.busybox("volume")
                withVolume.volumes = ["/data"]
                withVolume.user = "somebody"
                let images = [
                    try await registry.push(.scratch("held"), as: "scratch:1"),
                    try await registry.push(withVolume, as: "volume:1"),
                ]
                for image in images { #expect(try await node.pull(image).outcome == .succeeded) }
                await eventually("none is held") { node.coordinator.images.count { $0.inUse } == 0 }

                let pod = try await KubeletStandIn.startPod(on: node.containerd)
                node.machine.atEnd { await pod.remove() }
                for image in images {
                    try await pod.startContainer(image, mounting: sleep)
                    await eventually("\(image) is held") {
                        node.coordinator.images.contains { $0.inUse && $0.tags == [image] }
                    }
                }
                let running = try await node.containerd.ctr("tasks", "ls").split(separator: "\n")
                    .count { $0.contains("RUNNING") }
                #expect(running == images.count + 1)
                await pod.remove()
                await eventually("none is held any more") { node.coordinator.images.count { $0.inUse } == 0 }
                try await node.agrees("after a pod")
            }
        }
    }
}

/// Starts a pod with the calls that a kubelet makes.
private struct KubeletStandIn: Sendable {
    let client: GRPCUnaryClient
    let sandbox: String

    private static var podConfig: RawMessage {
        let metadata = RawMessage().string(1, "holder").string(2, "uid-1").string(3, "default")
        // The host's network: there is no CNI here.
        let namespaces = RawMessage().number(1, 2)
        return RawMessage().message(1, metadata).message(
            8, RawMessage().message(2, RawMessage().message(1, namespaces)))
    }

    private static func call(_ client: GRPCUnaryClient, _ method: String, _ request: RawMessage) async throws -> String
    {
        let answer: Google_Protobuf_Empty = try await client.call(
            "/runtime.v1.RuntimeService/\(method)", request.request(), timeout: .seconds(60))
        return RawMessage.firstString(answer)
    }

    static func startPod(on containerd: Containerd) async throws -> KubeletStandIn {
        let client = GRPCUnaryClient(socketPath: containerd.socket)
        let id = try await call(client, "RunPodSandbox", RawMessage().message(1, podConfig))
        return KubeletStandIn(client: client, sandbox: id)
    }

    func startContainer(_ image: String, mounting sleep: String) async throws {
        let mount = RawMessage().string(1, "/image-puller-bin/sleep").string(2, sleep).number(3, 1)
        let user = RawMessage().number(1, 65_532)
        let security = RawMessage().message(3, RawMessage().number(1, 2)).message(5, user).number(7, 1)
        let config = RawMessage()
            .message(1, RawMessage().string(1, "c\(image.utf8.reduce(0) { $0 &+ Int($1) })"))
            .message(2, RawMessage().string(1, image))
            .string(3, "/image-puller-bin/sleep")
            .message(7, mount)
            .message(15, RawMessage().message(2, security))
        let id = try await Self.call(
            client, "CreateContainer",
            RawMessage().string(1, sandbox).message(2, config).message(3, Self.podConfig))
        _ = try await Self.call(client, "StartContainer", RawMessage().string(1, id))
    }

    func remove() async {
        for method in ["StopPodSandbox", "RemovePodSandbox"] {
            _ = try? await Self.call(client, method, RawMessage().string(1, sandbox))
        }
    }
}
