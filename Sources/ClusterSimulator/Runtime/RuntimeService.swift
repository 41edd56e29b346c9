import ClusterModel
import FoundationEssentials
import Shared
import SwiftProtobuf

/// A node's container runtime as CRI shows it: answers calls from the model of its node.
struct RuntimeService: Sendable {
    let node: String
    let cluster: LiveCluster
    /// Kept up to date with each answer, so that who has heard of a change sees it there too.
    var disk: NodeDisk?

    /// Answers one call.
    ///
    /// - Parameters:
    ///   - path: `/runtime.v1.ImageService/PullImage`
    ///   - request: the message's bytes.
    func respond(to path: String, _ request: [UInt8]) async throws -> [UInt8] {
        let answer: [UInt8]
        do {
            answer = try await call(path, request)
        } catch {
            await showDisk()
            throw error
        }
        await showDisk()
        return answer
    }

    private func showDisk() async {
        guard let disk, let runtime = await cluster.read({ [node] in $0.runtime(node) }) else { return }
        disk.show(runtime)
    }

    private func call(_ path: String, _ request: [UInt8]) async throws -> [UInt8] {
        switch path {
        case "/runtime.v1.RuntimeService/Version":
            try await answer(request) { (_: CRIVersionRequest) in await flavour.version }
        case "/runtime.v1.RuntimeService/Status":
            try await answer(request) { (_: CRIStatusRequest) in await flavour.status }
        case "/runtime.v1.RuntimeService/RuntimeConfig":
            try await answer(request) { (_: CRIRuntimeConfigRequest) in
                guard await flavour != .containerd16 else { throw GRPCFailure.unimplemented(Self.unknown(path)) }
                return RuntimeFlavour.configuration
            }
        case "/runtime.v1.RuntimeService/ListContainers":
            try await answer(request) { (_: CRIListContainersRequest) in await listContainers() }
        case "/runtime.v1.ImageService/ListImages": try await answer(request, listImages)
        case "/runtime.v1.ImageService/ImageStatus": try await answer(request, imageStatus)
        case "/runtime.v1.ImageService/PullImage": try await answer(request, pullImage)
        case "/runtime.v1.ImageService/RemoveImage": try await answer(request, removeImage)
        case "/runtime.v1.ImageService/ImageFsInfo":
            try await answer(request) { (_: CRIImageFsInfoRequest) in await imageFsInfo() }
        default: throw GRPCFailure.unimplemented(Self.unknown(path))
        }
    }

    /// A node that isn't there any more answers as it would by default.
    private var flavour: RuntimeFlavour {
        get async { await cluster.read { [node] in $0.runtime(node)?.flavour } ?? .containerd16 }
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

    private static func decode<Request: Message>(_ bytes: [UInt8]) throws -> Request {
        do {
            return try Request(serializedBytes: bytes)
        } catch {
            throw GRPCFailure.internalError("grpc: error unmarshalling request: \(error)")
        }
    }
}

// MARK: Containers

extension RuntimeService {
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
    private func listImages(_ request: CRIListImagesRequest) async throws -> CRIListImagesResponse {
        let images = try await refusing { [node] model throws(RuntimeRefusal) in
            try model.listImages(node: node, filter: request.filter.image.image)
        }
        return CRIListImagesResponse.with { $0.images = images.map(CRIImage.init) }
    }

    private func imageStatus(_ request: CRIImageStatusRequest) async throws -> CRIImageStatusResponse {
        let image = try await refusing { [node] model throws(RuntimeRefusal) in
            try model.runtime(node)?.status(of: request.image.image)
        }
        return CRIImageStatusResponse.with { response in
            guard let image else { return }
            response.image = CRIImage(image)
            if request.verbose { response.info["info"] = image.verboseInfo }
        }
    }

    private func pullImage(_ request: CRIPullImageRequest) async throws -> CRIPullImageResponse {
        let credential = request.hasAuth ? Self.credential(request.auth) : nil
        let result = await cluster.pull(node: node, reference: request.image.image, credential: credential)
        switch result {
        case .success(let reference): return CRIPullImageResponse.with { $0.imageRef = reference }
        case .failure(let failure): throw GRPCFailure(code: failure.code, message: failure.message)
        }
    }

    private func removeImage(_ request: CRIRemoveImageRequest) async throws -> CRIRemoveImageResponse {
        _ = try await refusing { [node] model throws(RuntimeRefusal) in
            try model.tryRemovingImage(request.image.image, node: node)
        }
        return CRIRemoveImageResponse()
    }

    private func imageFsInfo() async -> CRIImageFsInfoResponse {
        let runtime = await cluster.read { [node] in $0.runtime(node) }
        return CRIImageFsInfoResponse(runtime ?? RuntimeModel(), at: Date())
    }

    /// What the runtime refuses, as gRPC says it.
    private func refusing<Value: Sendable>(
        _ body: @Sendable (inout ClusterModel) throws(RuntimeRefusal) -> Value
    ) async throws -> Value {
        let result = await cluster.change { model in
            Result { () throws(RuntimeRefusal) in try body(&model) }
        }
        do {
            return try result.get()
        } catch {
            throw GRPCFailure(code: error.code, message: error.message)
        }
    }

    /// Either both fields, or `auth`: the two joined by a colon, in base64.
    private static func credential(_ auth: CRIAuthConfig) -> Credential? {
        if !auth.username.isEmpty { return Credential(username: auth.username, password: auth.password) }
        return Credential(base64: auth.auth)
    }
}
