import ClusterModel
import FoundationEssentials
import Shared
import SwiftProtobuf

/// A node's container runtime as CRI shows it: answers calls from the model of its node.
struct RuntimeService: Sendable {
    let node: String
    let cluster: LiveCluster

    /// What the containerd of the captured facts says of itself.
    static let version = "1.6.20"

    /// Answers one call.
    ///
    /// - Parameters:
    ///   - path: `/runtime.v1.ImageService/PullImage`
    ///   - request: the message's bytes.
    func respond(to path: String, _ request: [UInt8]) async throws -> [UInt8] {
        switch path {
        case "/runtime.v1.RuntimeService/Version": try answer(request) { (_: CRIVersionRequest) in version() }
        case "/runtime.v1.RuntimeService/Status": try answer(request) { (_: CRIStatusRequest) in status() }
        case "/runtime.v1.RuntimeService/ListContainers":
            try await answer(request) { (_: CRIListContainersRequest) in await listContainers() }
        case "/runtime.v1.ImageService/ListImages":
            try await answer(request) { (_: CRIListImagesRequest) in await listImages() }
        case "/runtime.v1.ImageService/ImageStatus": try await answer(request, imageStatus)
        case "/runtime.v1.ImageService/PullImage": try await answer(request, pullImage)
        case "/runtime.v1.ImageService/RemoveImage": try await answer(request, removeImage)
        case "/runtime.v1.ImageService/ImageFsInfo":
            try await answer(request) { (_: CRIImageFsInfoRequest) in await imageFsInfo() }
        default: throw GRPCFailure.unimplemented(Self.unknown(path))
        }
    }

    private static func unknown(_ path: String) -> String {
        let parts = path.split(separator: "/")
        guard parts.count == 2 else { return "malformed method name: \"\(path)\"" }
        let known = ["runtime.v1.RuntimeService", "runtime.v1.ImageService"]
        guard known.contains(String(parts[0])) else { return "unknown service \(parts[0])" }
        return "unknown method \(parts[1]) for service \(parts[0])"
    }

    private func answer<Request: Message, Response: Message>(
        _ bytes: [UInt8], _ body: (Request) async throws -> Response
    ) async throws -> [UInt8] {
        try await body(try Self.decode(bytes)).serializedBytes()
    }

    private func answer<Request: Message, Response: Message>(
        _ bytes: [UInt8], _ body: (Request) throws -> Response
    ) throws -> [UInt8] {
        try body(try Self.decode(bytes)).serializedBytes()
    }

    private static func decode<Request: Message>(_ bytes: [UInt8]) throws -> Request {
        do {
            return try Request(serializedBytes: bytes)
        } catch {
            throw GRPCFailure.internalError("grpc: error unmarshalling request: \(error)")
        }
    }
}

// MARK: The runtime

extension RuntimeService {
    private func version() -> CRIVersionResponse {
        CRIVersionResponse.with {
            $0.version = "0.1.0"
            $0.runtimeName = "containerd"
            $0.runtimeVersion = Self.version
            $0.runtimeApiVersion = "v1"
        }
    }

    private func status() -> CRIStatusResponse {
        CRIStatusResponse.with {
            $0.status.conditions = ["RuntimeReady", "NetworkReady"].map { type in
                CRIRuntimeCondition.with {
                    $0.type = type
                    $0.status = true
                }
            }
        }
    }

    private func listContainers() async -> CRIListContainersResponse {
        let containers = await cluster.read { [node] in $0.runtime(node)?.containers ?? [] }
        var response = CRIListContainersResponse()
        for container in containers {
            let pod = await cluster.podName(container.pod)
            response.containers.append(
                CRIContainer.with {
                    $0.id = container.id
                    $0.podSandboxID = StableHash.hex64("sandbox \(container.pod)")
                    $0.metadata.name = container.name
                    $0.metadata.attempt = UInt32(container.attempt)
                    $0.image.image = container.imageID
                    $0.imageRef = container.imageID
                    $0.state = .containerRunning
                    $0.createdAt = Int64(cluster.date(container.createdAt).timeIntervalSince1970 * 1e9)
                    $0.labels = [
                        "io.kubernetes.container.name": container.name,
                        "io.kubernetes.pod.name": pod?.name ?? "",
                        "io.kubernetes.pod.namespace": pod?.namespace ?? "",
                        "io.kubernetes.pod.uid": container.pod,
                    ]
                })
        }
        return response
    }
}

// MARK: Images

extension RuntimeService {
    private func listImages() async -> CRIListImagesResponse {
        let images = await cluster.read { [node] in $0.runtime(node)?.images ?? [] }
        return CRIListImagesResponse.with { $0.images = images.map(Self.message) }
    }

    private func imageStatus(_ request: CRIImageStatusRequest) async -> CRIImageStatusResponse {
        let image = await cluster.read { [node] in $0.runtime(node)?.image(request.image.image) }
        return CRIImageStatusResponse.with { response in
            if let image { response.image = Self.message(image) }
        }
    }

    private func pullImage(_ request: CRIPullImageRequest) async throws -> CRIPullImageResponse {
        let credential = request.hasAuth ? Self.credential(request.auth) : nil
        let result = await cluster.pull(node: node, reference: request.image.image, credential: credential)
        switch result {
        case .success(let image): return CRIPullImageResponse.with { $0.imageRef = image.id }
        case .failure(let failure): throw GRPCFailure(code: failure.code, message: failure.message)
        }
    }

    private func removeImage(_ request: CRIRemoveImageRequest) async -> CRIRemoveImageResponse {
        await cluster.change { [node] in _ = $0.removeImage(request.image.image, node: node) }
        return CRIRemoveImageResponse()
    }

    private func imageFsInfo() async -> CRIImageFsInfoResponse {
        let used = await cluster.read { [node] in $0.runtime(node)?.usedByImages ?? 0 }
        return CRIImageFsInfoResponse.with {
            $0.imageFilesystems = [
                CRIFilesystemUsage.with {
                    $0.timestamp = Int64(Date().timeIntervalSince1970 * 1e9)
                    $0.fsID.mountpoint = "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs"
                    $0.usedBytes.value = UInt64(max(0, used))
                    $0.inodesUsed.value = UInt64(max(0, used) / 500_000)
                }
            ]
        }
    }

    private static func message(_ image: RuntimeModel.Image) -> CRIImage {
        CRIImage.with {
            $0.id = image.id
            $0.repoTags = image.tags
            $0.repoDigests = image.digests
            $0.size = UInt64(max(0, image.size))
            $0.pinned = image.isPinned
        }
    }

    /// Either both fields, or `auth`: the two joined by a colon, in base64.
    private static func credential(_ auth: CRIAuthConfig) -> Credential? {
        if !auth.username.isEmpty { return Credential(username: auth.username, password: auth.password) }
        guard let data = Data(base64Encoded: auth.auth) else { return nil }
        let parts = String(decoding: data, as: UTF8.self).split(
            separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        return Credential(username: String(parts[0]), password: String(parts[1]))
    }
}
