import ClusterModel
import FoundationEssentials
import Shared
import SwiftProtobuf
import Testing

@testable import ClusterSimulator

/// The CRI server, over its real socket, with the client that the agent uses.
@Suite struct RuntimeServerTests {
    private func client(_ fixture: NodeFixture) -> GRPCUnaryClient {
        GRPCUnaryClient(socketPath: fixture.directory + "/n1/run/containerd/containerd.sock")
    }

    private func pull(_ reference: String, _ fixture: NodeFixture) async throws -> CRIPullImageResponse {
        try await client(fixture).call(
            "/runtime.v1.ImageService/PullImage",
            CRIPullImageRequest.with { $0.image.image = reference }, timeout: .seconds(60))
    }

    private func images(_ fixture: NodeFixture) async throws -> [CRIImage] {
        let response: CRIListImagesResponse = try await client(fixture).call(
            "/runtime.v1.ImageService/ListImages", CRIListImagesRequest(), timeout: .seconds(30))
        return response.images
    }

    @Test func versionAndStatusReadLikeContainerd() async throws {
        let fixture = try NodeFixture()
        try await fixture.run {
            let version: CRIVersionResponse = try await client(fixture).call(
                "/runtime.v1.RuntimeService/Version", CRIVersionRequest(), timeout: .seconds(30))
            #expect(version.runtimeName == "containerd" && version.runtimeApiVersion == "v1")
            #expect(version.version == "0.1.0")
            let status: CRIStatusResponse = try await client(fixture).call(
                "/runtime.v1.RuntimeService/Status", CRIStatusRequest(), timeout: .seconds(30))
            #expect(status.status.conditions.map(\.type) == ["RuntimeReady", "NetworkReady"])
        }
    }

    @Test func aPulledImageIsListedAndCanBeRemoved() async throws {
        let fixture = try NodeFixture()
        try await fixture.run {
            let before = try await images(fixture)
            #expect(before.isEmpty)
            let pulled = try await pull(NodeFixture.image, fixture)
            let image = try #require(try await images(fixture).first)
            #expect(image.id == pulled.imageRef && image.size == 1_000_000)
            #expect(image.repoTags == [NodeFixture.image])
            #expect(image.repoDigests.first?.hasPrefix("registry.example.com/app@sha256:") == true)
            let spec = CRIImageSpec.with { $0.image = NodeFixture.image }
            let status: CRIImageStatusResponse = try await client(fixture).call(
                "/runtime.v1.ImageService/ImageStatus", CRIImageStatusRequest.with { $0.image = spec },
                timeout: .seconds(30))
            #expect(status.image == image)
            let used: CRIImageFsInfoResponse = try await client(fixture).call(
                "/runtime.v1.ImageService/ImageFsInfo", CRIImageFsInfoRequest(), timeout: .seconds(30))
            #expect(used.imageFilesystems.first?.usedBytes.value == 3_500_000)
            // The second time there's nothing to remove, which is no error.
            for _ in 0..<2 {
                let _: CRIRemoveImageResponse = try await client(fixture).call(
                    "/runtime.v1.ImageService/RemoveImage", CRIRemoveImageRequest.with { $0.image = spec },
                    timeout: .seconds(30))
            }
            let absent: CRIImageStatusResponse = try await client(fixture).call(
                "/runtime.v1.ImageService/ImageStatus", CRIImageStatusRequest.with { $0.image = spec },
                timeout: .seconds(30))
            #expect(!absent.hasImage)
        }
    }

    @Test func failuresCarryContainerdsCodeAndWords() async throws {
        let fixture = try NodeFixture()
        try await fixture.run {
            let missing = await #expect(throws: GRPCStatus.self) {
                try await pull("registry.example.com/nosuch:1", fixture)
            }
            #expect(missing?.code == GRPCStatus.notFound)
            #expect(missing?.message.hasSuffix("registry.example.com/nosuch:1: not found") == true)
            let bad = await #expect(throws: GRPCStatus.self) { try await pull("Bad_NAME:1", fixture) }
            #expect(bad?.code == GRPCStatus.unknown)
            let unknown = await #expect(throws: GRPCStatus.self) {
                let _: CRIVersionResponse = try await client(fixture).call(
                    "/runtime.v1.RuntimeService/RuntimeConfig", CRIVersionRequest(), timeout: .seconds(30))
            }
            #expect(unknown?.code == GRPCStatus.unimplemented)
            #expect(unknown?.message == "unknown method RuntimeConfig for service runtime.v1.RuntimeService")
        }
    }

    @Test func aClientThatGoesAwayCancelsItsPull() async throws {
        let fixture = try NodeFixture()
        try await fixture.run {
            let call = Task { try await pull("registry.example.com/big:1", fixture) }
            let started = try await eventually { await fixture.cluster.read { $0.runningPulls.count == 1 } }
            #expect(started)
            call.cancel()
            let ended = try await eventually { await fixture.cluster.read { $0.runningPulls.isEmpty } }
            #expect(ended)
            let left = try await images(fixture)
            #expect(left.isEmpty)
        }
    }

    @Test func containersTellTheirPods() async throws {
        let fixture = try NodeFixture()
        try await fixture.run {
            _ = try await pull(NodeFixture.image, fixture)
            try await fixture.createPod("p", containers: [NodeFixture.container("app")])
            #expect(try await eventually { await fixture.isRunning("p", "app") })
            let response: CRIListContainersResponse = try await client(fixture).call(
                "/runtime.v1.RuntimeService/ListContainers", CRIListContainersRequest(), timeout: .seconds(30))
            let container = try #require(response.containers.first)
            #expect(container.state == .containerRunning && container.metadata.name == "app")
            #expect(container.labels["io.kubernetes.pod.name"] == "p")
            let image = try await images(fixture).first
            #expect(container.imageRef == image?.id)
            let status = await fixture.status("p", "app")
            #expect(status?["containerID"]?.stringValue == "containerd://\(container.id)")
        }
    }

    @Test func tooLongAPathIsSaidSo() async throws {
        let path = "/tmp/" + String(repeating: "x", count: 120)
        let server = RuntimeServer(
            socketPath: path, service: RuntimeService(node: "n", cluster: LiveCluster(seed: 1)))
        let error = await #expect(throws: SocketPathTooLong.self) { try await server.start() }
        #expect(error?.description.contains("--directory") == true)
    }
}
