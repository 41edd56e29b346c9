import Shared
import Testing

@testable import NodeAgent

/// What is removed before a pull, and what never is.
@Suite struct ImageRemovalTests {
    private let runtime = FakeRuntime()
    private let digest = "sha256:" + String(repeating: "a", count: 64)

    private func pull(_ reference: String = "quay.io/app:1", removeFirst: Bool = true) async -> PullRunner.Result {
        var pull = WirePull.of(1, reference)
        pull.removeFirst = removeFirst
        return await PullRunner(source: runtime, secrets: nil, uptime: Uptime()).run(pull)
    }

    private var removed: [String] { runtime.change { $0.removed } }

    private func has(_ tags: [String], digests: [String] = [], pinned: Bool = false) {
        var image = CRIImage.fake("quay.io/app:1", id: "sha256:one")
        image.repoTags = tags
        image.repoDigests = digests
        image.pinned = pinned
        runtime.change { [image] in $0.images = [image] }
    }

    @Test func anImageOfOneNameIsRemovedAndPulled() async {
        has(["quay.io/app:1"], digests: ["quay.io/app@\(digest)"])
        let result = await pull()
        #expect(result.outcome == .succeeded)
        #expect(result.removal == .removed(id: "sha256:one"))
        #expect(removed == ["quay.io/app:1"])
        #expect(runtime.change { $0.images.map(\.repoTags) } == [["quay.io/app:1"]], "it has come again")
    }

    @Test func nothingIsRemovedUnasked() async {
        has(["quay.io/app:1"])
        #expect(await pull(removeFirst: false).removal == nil)
        #expect(removed.isEmpty)
    }

    @Test func whatIsAbsentIsPulledOnly() async {
        #expect(await pull().removal == .absent)
        #expect(removed.isEmpty)
        #expect(runtime.change { $0.images.count } == 1)
    }

    @Test func anImageThatAContainerUsesStays() async {
        has(["quay.io/app:1"])
        var container = CRIContainer()
        // CRI-O's spelling of an id.
        container.imageRef = "one"
        runtime.change { [container] in $0.containers = [container] }
        let result = await pull()
        #expect(result.removal == .kept("a container uses it"))
        #expect(result.outcome == .succeeded, "it is pulled all the same")
        #expect(removed.isEmpty)
    }

    @Test func anImageOfSeveralNamesStays() async {
        has(["quay.io/app:1", "quay.io/app:2"])
        #expect(await pull().removal == .kept("it is quay.io/app:2, too"))
        has(["quay.io/app:1"], digests: ["quay.io/app@\(digest)", "ghcr.io/app@\(digest)"])
        #expect(await pull().removal == .kept("it is ghcr.io/app@\(digest), too"))
        has(["quay.io/app:1"], digests: ["quay.io/app@\(digest)"])
        #expect(await pull("quay.io/app@\(digest)").removal == .kept("it is quay.io/app:1, too"))
        has(["quay.io/app:1"], pinned: true)
        #expect(await pull().removal == .kept("the runtime pins it"))
        #expect(removed.isEmpty)
    }

    @Test func aShortNameMeansWhatTheRuntimeSays() async {
        has(["quay.io/app:1"], digests: ["quay.io/app@\(digest)"])
        runtime.change { $0.shortNames = ["app:1": "sha256:one"] }
        #expect(await pull("app:1").removal == .removed(id: "sha256:one"))
        #expect(removed == ["app:1"])
    }

    @Test func aRuntimeThatRemovesNothingIsAskedToPull() async {
        has(["quay.io/app:1"])
        runtime.change {
            $0.removalFailure = GRPCStatus(code: GRPCStatus.unknown, message: "image is in use by a container")
        }
        let result = await pull()
        #expect(result.outcome == .succeeded)
        #expect(result.removal == .kept("the runtime doesn't remove it: image is in use by a container"))
    }

    @Test func aRuntimeThatHasGoneIsSaidToHaveGone() async {
        runtime.change { $0.failure = GRPCStatus(code: GRPCStatus.unavailable, message: "connection refused") }
        let result = await pull()
        #expect(result.outcome == .failed)
        #expect(result.code == GRPCStatus.unavailable)
    }
}
