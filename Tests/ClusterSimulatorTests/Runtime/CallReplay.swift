import ClusterModel
import FoundationEssentials
import Shared
import SwiftProtobuf
import Testing

@testable import ClusterSimulator

/// A node of one flavour in the surroundings in which the calls were captured.
struct CallReplay {
    let flavour: RuntimeFlavour
    let cluster = LiveCluster(seed: 1)
    let service: RuntimeService

    private static let open = ["registry.example.com:5000", "alias.example.com:5000"]
    private static let pause = "registry.example.com:5000/pause:3.10"

    init(_ flavour: RuntimeFlavour) async throws {
        self.flavour = flavour
        service = RuntimeService(node: "n1", cluster: cluster)
        let registries = try Self.registries()
        let preloaded = try Self.preloaded(flavour)
        await cluster.change { model in
            for registry in registries { model.addRegistry(registry) }
            var node = NodeModel(name: "n1", bandwidth: 1e12)
            node.flavour = flavour
            node.sandboxImage = Self.pause
            model.addNode(node)
            for (image, reference) in preloaded { model.preload(image, as: reference, node: "n1") }
        }
        // Its sandboxes use the pause image.
        let container = PodSpec.Container(name: "sandbox", image: Self.pause, policy: .never)
        await cluster.addPod(
            PodSpec(id: "pod", containers: [container]), called: .init(namespace: "default", name: "pod"), node: "n1")
        let isRunning = try await eventually { [cluster] in
            await cluster.read { $0.runtime("n1")?.containers.isEmpty == false }
        }
        try #require(isRunning)
    }

    // MARK: Surroundings

    private static func digest(_ start: String) throws -> String {
        // The captures have them whole.
        let text = try Fact("cri-calls.ndjson").text
        let range = try #require(text.firstRange(of: "sha256:\(start)"))
        return String(text[range.lowerBound...].prefix("sha256:".count + 64))
    }

    private static func small() throws -> ImageDescriptor {
        ImageDescriptor(
            id: try digest("ec69fd94"), digest: try digest("38868ca2"), kind: .manifest, size: 1_565_176,
            unpackedSize: 3_155_166)
    }

    private static func registries() throws -> [RegistryModel] {
        let pinned = ImageDescriptor(
            id: try digest("ef23e558"), digest: try digest("a6356387"), kind: .manifest, size: 1_565_176,
            unpackedSize: 3_155_166)
        let docker = ImageDescriptor(
            id: try digest("4d39b5af"), digest: try digest("b56961a7"), kind: .manifest, size: 1_565_174,
            unpackedSize: 3_155_169)
        let index = ImageDescriptor(
            id: try digest("4d39b5af"), digest: try digest("594237e0"), manifestDigest: try digest("9d83b760"),
            size: 1_565_174, unpackedSize: 3_155_169, manifestSize: 934, platforms: ["linux/amd64"])
        let arm = ImageDescriptor(
            id: try digest("8bb113cf"), digest: try digest("dd44f2a6"), kind: .manifest, size: 327_220,
            unpackedSize: 687_316, platforms: ["linux/arm64"])
        let armIndex = ImageDescriptor(
            id: try digest("8bb113cf"), digest: try digest("4924a416"), manifestDigest: try digest("dd44f2a6"),
            size: 327_220, platforms: ["linux/arm64"])
        let secret = ImageDescriptor(
            id: try digest("22520623"), digest: try digest("9141c10f"), kind: .manifest, size: 1_565_181,
            unpackedSize: 3_155_171)
        let pause = try sandbox()
        var registries = try open.map { host in
            var registry = RegistryModel(host: host, latency: 0)
            for (name, image) in [
                ("small:1", try small()), ("small:2", pinned), ("busybox:docker", docker), ("busybox:1.35", index),
                ("armonly:1", arm), ("armindex:1", armIndex), ("pause:3.10", pause),
            ] {
                registry.publish(image, as: try ImageReference("\(host)/\(name)"))
            }
            return registry
        }
        var locked = RegistryModel(host: "private.example.com:5001", latency: 0)
        locked.isPlain = true
        locked.credential = Credential(username: "puller", password: "PASSWORD")
        locked.publish(secret, as: try ImageReference("private.example.com:5001/secret/app:v1"))
        var down = RegistryModel(host: "down.example.com:5999", latency: 0)
        down.availability = .refusing
        registries += [locked, down]
        return registries
    }

    private static func sandbox(index: Bool = false) throws -> ImageDescriptor {
        ImageDescriptor(
            id: try digest("3f6e2c48"), digest: try digest(index ? "5796a9fe" : "db064a16"), kind: .manifest,
            size: 327_737, unpackedSize: 687_833)
    }

    /// What the node had before the first call: of what it had after the last one, what no call has brought.
    private static func preloaded(_ flavour: RuntimeFlavour) throws -> [(ImageDescriptor, ImageReference)] {
        var images: [(ImageDescriptor, ImageReference)] = []
        if flavour == .crio136 { images.append((try sandbox(index: true), try ImageReference(pause))) }
        images.append((try sandbox(), try ImageReference(pause)))
        guard case .images(let last)? = CapturedCall.of(flavour).last(where: { $0.verb == "list" })?.outcome else {
            return images
        }
        let brought = try ["ec69fd94", "ef23e558", "4d39b5af", "8bb113cf", "22520623", "3f6e2c48"].map(digest)
        for image in last where !brought.contains(where: { $0.hasSuffix(image.id.suffix(64)) }) {
            let digest = String(image.digests.first?.split(separator: "@").last ?? "")
            let descriptor = ImageDescriptor(
                id: "sha256:" + image.id.suffix(64), digest: digest, kind: .manifest, size: Int64(image.size),
                unpackedSize: Int64(image.size))
            let names = image.tags.isEmpty ? image.digests : image.tags
            for name in names { images.append((descriptor, try ImageReference(name))) }
        }
        return images
    }

    // MARK: Calls

    func outcome(of call: CapturedCall) async throws -> CallOutcome {
        do {
            return try await answer(call)
        } catch let failure as GRPCFailure {
            let codes = [2: "Unknown", 5: "NotFound", 12: "Unimplemented"]
            return .refused(
                code: codes[failure.code] ?? "\(failure.code)",
                message: CallOutcome.withoutContainer(Self.neutral(failure.message)))
        }
    }

    /// The captures name neither addresses nor the node's resolver.
    private static func neutral(_ message: String) -> String {
        var text = message.replacing("10.96.0.10:53", with: "192.0.2.53:53")
        for host in open + ["down.example.com:5999", "private.example.com:5001"] {
            text = text.replacing(RegistryModel(host: host).address, with: host)
        }
        return text
    }

    private func answer(_ call: CapturedCall) async throws -> CallOutcome {
        let image = CRIImageSpec.with { $0.image = call.argument }
        switch call.verb {
        case "version":
            let answer: CRIVersionResponse = try await ask("RuntimeService/Version", CRIVersionRequest())
            return .version([
                answer.version, answer.runtimeName, answer.runtimeVersion, answer.runtimeApiVersion,
            ])
        case "config":
            let answer: CRIRuntimeConfigResponse = try await ask(
                "RuntimeService/RuntimeConfig", CRIRuntimeConfigRequest())
            return .cgroupDriver(answer.linux.cgroupDriver.rawValue)
        case "info":
            let answer: CRIStatusResponse = try await ask("RuntimeService/Status", CRIStatusRequest())
            return .conditions(answer.status.conditions.map { "\($0.type): \($0.status)" })
        case "remove":
            let _: CRIRemoveImageResponse = try await ask(
                "ImageService/RemoveImage", CRIRemoveImageRequest.with { $0.image = image })
            return .removed
        case "status":
            let answer: CRIImageStatusResponse = try await ask(
                "ImageService/ImageStatus", CRIImageStatusRequest.with { $0.image = image })
            return .image(answer.hasImage ? CallOutcome.Image(answer.image) : nil)
        case "pull":
            let request = CRIPullImageRequest.with {
                $0.image = image
                if let credential = call.credential { $0.auth = credential }
            }
            let answer: CRIPullImageResponse = try await ask("ImageService/PullImage", request)
            return .pulled(answer.imageRef)
        case "list":
            let request = CRIListImagesRequest.with {
                if !call.argument.isEmpty { $0.filter.image = image }
            }
            let answer: CRIListImagesResponse = try await ask("ImageService/ListImages", request)
            return .images(answer.images.map(CallOutcome.Image.init).sorted { $0.id < $1.id })
        case "fs":
            let answer: CRIImageFsInfoResponse = try await ask("ImageService/ImageFsInfo", CRIImageFsInfoRequest())
            return .filesystems(
                answer.imageFilesystems.map(\.fsID.mountpoint), answer.containerFilesystems.map(\.fsID.mountpoint))
        default:
            Issue.record("a call that nobody knows: \(call.verb)")
            return .removed
        }
    }

    func ask<Response: Message>(_ method: String, _ request: some Message) async throws -> Response {
        let answer = try await service.respond(to: "/runtime.v1.\(method)", request.serializedBytes())
        return try Response(serializedBytes: answer)
    }
}
