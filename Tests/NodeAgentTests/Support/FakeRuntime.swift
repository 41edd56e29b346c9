import Shared
import Synchronization

@testable import NodeAgent

/// A runtime in memory that can be made to fail and to hang.
final class FakeRuntime: ContainerRuntime, RuntimeSource {
    struct State: Sendable {
        var images: [CRIImage] = []
        var containers: [CRIContainer] = []
        /// What only the runtime can resolve: reference → id.
        var shortNames: [String: String] = [:]
        var failure: GRPCStatus?
        /// Of every list of the images.
        var listFailure: GRPCStatus?
        /// By image id: what a verbose answer tells.
        var info: [String: String] = [:]
        var infoCalls = 0
        var imageCalls = 0
        /// Of every kind.
        var calls = 0
        var listCalls = 0
        /// Listings wait until it is false again.
        var listingsHang = false
        /// What a pull with this password (none: "") throws; without an entry it succeeds.
        var refusals: [String: GRPCStatus] = [:]
        var passwords: [String] = []
        var removed: [String] = []
        /// What a removal throws; nil: it succeeds.
        var removalFailure: GRPCStatus?
        /// So many of the next pulls end with another caller's deadline.
        var joinedPulls = 0
        /// Pulls wait until they are cancelled.
        var pullsHang = false
        var cancelledPulls = 0
    }

    let socket = "/fake.sock"
    private let state = Mutex(State())

    @discardableResult
    func change<Result: Sendable, Failure: Error>(
        _ body: (inout sending State) throws(Failure) -> sending Result
    ) throws(Failure) -> Result { try state.withLock(body) }

    func current() throws(RuntimeFailure) -> any ContainerRuntime {
        change { $0.calls += 1 }
        return self
    }

    func version() async throws -> CRIVersionResponse {
        try check()
        var version = CRIVersionResponse()
        version.runtimeName = "fake"
        version.runtimeVersion = "1.0"
        return version
    }

    func images() async throws -> [CRIImage] {
        try check()
        while change({ $0.listingsHang }) { try await Task.sleep(for: .milliseconds(10)) }
        if let failure = change({ $0.listFailure }) { throw failure }
        return change {
            $0.listCalls += 1
            return $0.images
        }
    }

    func containers() async throws -> [CRIContainer] {
        try check()
        return change { $0.containers }
    }

    func image(for reference: String) async throws -> CRIImage? {
        try check()
        return change { state in
            state.imageCalls += 1
            if let image = state.images.first(where: { $0.repoTags.contains(reference) }) { return image }
            if let id = state.shortNames[reference] { return state.images.first { $0.id == id } }
            guard let name = (try? ImageReference(reference))?.normalised else { return nil }
            return state.images.first { ($0.repoTags + $0.repoDigests).contains(name) }
        }
    }

    /// As containerd does it: with all names, in use or not.
    func remove(_ reference: String, timeout: Duration) async throws {
        try check()
        let image = try await image(for: reference)
        try change { state in
            if let failure = state.removalFailure { throw failure }
            state.removed.append(reference)
            state.images.removeAll { $0.id == image?.id }
        }
    }

    func info(of id: String) async throws -> String? {
        try check()
        return change { state in
            state.infoCalls += 1
            return state.info[id]
        }
    }

    func pull(_ reference: String, auth: CRIAuthConfig?, timeout: Duration) async throws -> String {
        try check()
        let password = auth?.password ?? ""
        let (refusal, hangs) = change { state in
            state.passwords.append(password)
            if state.joinedPulls > 0 {
                state.joinedPulls -= 1
                let joined = GRPCStatus(
                    code: GRPCStatus.deadlineExceeded, message: "happened during read: context deadline exceeded")
                return (joined as GRPCStatus?, false)
            }
            return (state.refusals[password], state.pullsHang)
        }
        if let refusal { throw refusal }
        if hangs {
            do {
                try await Task.sleep(for: timeout)
            } catch {
                change { $0.cancelledPulls += 1 }
                throw error
            }
            throw GRPCStatus(code: GRPCStatus.deadlineExceeded, message: "context deadline exceeded")
        }
        let image = CRIImage.fake(reference)
        change { state in
            if !state.images.contains(where: { $0.id == image.id }) { state.images.append(image) }
        }
        return image.id
    }

    private func check() throws {
        let failure = change { state in
            state.calls += 1
            return state.failure
        }
        if let failure { throw failure }
    }
}

extension CRIImage {
    static func fake(_ reference: String, id: String? = nil) -> CRIImage {
        var image = CRIImage()
        image.id = id ?? "sha256:id of \(reference)"
        image.repoTags = [(try? ImageReference(reference))?.normalised ?? reference]
        image.size = 1_000
        return image
    }
}
