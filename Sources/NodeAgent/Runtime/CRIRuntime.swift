import Shared
import SwiftProtobuf

/// A runtime behind a CRI socket.
struct CRIRuntime: ContainerRuntime {
    let socket: String
    private let client: GRPCUnaryClient

    /// For calls that read: a busy containerd answers in a second, a hung one never.
    static let readTimeout = Duration.seconds(15)

    init(socket: String) {
        self.socket = socket
        client = GRPCUnaryClient(socketPath: socket)
    }

    func version() async throws -> CRIVersionResponse {
        try await read("RuntimeService/Version", CRIVersionRequest())
    }

    func images() async throws -> [CRIImage] {
        let answer: CRIListImagesResponse = try await read("ImageService/ListImages", CRIListImagesRequest())
        return answer.images
    }

    func containers() async throws -> [CRIContainer] {
        let answer: CRIListContainersResponse = try await read(
            "RuntimeService/ListContainers", CRIListContainersRequest())
        return answer.containers
    }

    func image(for reference: String) async throws -> CRIImage? {
        var request = CRIImageStatusRequest()
        request.image.image = reference
        let answer: CRIImageStatusResponse = try await read("ImageService/ImageStatus", request)
        return answer.hasImage ? answer.image : nil
    }

    func info(of id: String) async throws -> String? {
        var request = CRIImageStatusRequest()
        request.image.image = id
        request.verbose = true
        let answer: CRIImageStatusResponse = try await read("ImageService/ImageStatus", request)
        return answer.info["info"]
    }

    func pull(_ reference: String, auth: CRIAuthConfig?, timeout: Duration) async throws -> String {
        var request = CRIPullImageRequest()
        request.image.image = reference
        if let auth { request.auth = auth }
        let answer: CRIPullImageResponse = try await client.call(
            "/runtime.v1.ImageService/PullImage", request, timeout: timeout)
        return answer.imageRef
    }

    func remove(_ reference: String, timeout: Duration) async throws {
        var request = CRIRemoveImageRequest()
        request.image.image = reference
        let _: CRIRemoveImageResponse = try await client.call(
            "/runtime.v1.ImageService/RemoveImage", request, timeout: timeout)
    }

    private func read<Request: Message, Answer: Message>(_ method: String, _ request: Request) async throws -> Answer {
        try await client.call("/runtime.v1.\(method)", request, timeout: Self.readTimeout)
    }
}
