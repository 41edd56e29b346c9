import Shared
import Testing

@testable import NodeAgent

@Suite struct ImageListingTests {
    private let runtime = FakeRuntime()

    private func list(_ desired: [String], known: Resolutions = Resolutions()) async throws -> ImageListing {
        try await ImageListing.take(from: runtime, desired: desired, known: known)
    }

    @Test func containersHoldTheirImages() async throws {
        var digested = CRIImage.fake("quay.io/c:1", id: "c")
        digested.repoDigests = ["quay.io/c@sha256:1"]
        let images = [
            CRIImage.fake("quay.io/a:1", id: "sha256:a"), CRIImage.fake("quay.io/b:1", id: "b"), digested,
            CRIImage.fake("quay.io/d:1", id: "sha256:d"),
        ]
        let containers = [("sha256:a", ""), ("sha256:b", ""), ("quay.io/c@sha256:1", ""), ("quay.io/x", "")].map {
            var container = CRIContainer()
            container.imageRef = $0.0
            container.imageID = $0.1
            return container
        }
        runtime.change {
            $0.images = images
            $0.containers = containers
        }
        let listing = try await list([])
        #expect(listing.images.map(\.inUse) == [true, true, true, false])
        var byID = CRIContainer()
        byID.imageID = "sha256:d"
        runtime.change { [byID] in $0.containers = [byID] }
        #expect(try await list([]).images.map(\.inUse) == [false, false, false, true])
    }

    @Test func onlyWhatNamesDontMatchIsAskedAndOnlyWhenSomethingChanged() async throws {
        runtime.change {
            $0.images = [.fake("docker.io/library/nginx:latest", id: "a"), .fake("corp.io/base:1", id: "b")]
            $0.shortNames = ["base:1": "b"]
        }
        let desired = ["nginx", "base:1", "Not A Reference", "quay.io/absent:1"]
        var listing = try await list(desired)
        #expect(listing.images.map(\.resolved) == [[], ["base:1"]])
        #expect(runtime.change { $0.imageCalls } == 2)

        listing = try await list(desired, known: listing.resolutions)
        #expect(listing.images.map(\.resolved) == [[], ["base:1"]])
        #expect(runtime.change { $0.imageCalls } == 2)

        // A container's start is no reason to ask.
        var container = CRIContainer()
        container.imageRef = "b"
        runtime.change { [container] in $0.containers = [container] }
        listing = try await list(desired, known: listing.resolutions)
        #expect(listing.images[1].inUse)
        #expect(runtime.change { $0.imageCalls } == 2)

        runtime.change {
            $0.images.append(.fake("corp.io/other:1", id: "c"))
            $0.shortNames["base:1"] = "c"
        }
        listing = try await list(desired, known: listing.resolutions)
        #expect(listing.images.map(\.resolved) == [[], [], ["base:1"]])
        #expect(runtime.change { $0.imageCalls } == 4)
        listing = try await list(["nginx"], known: listing.resolutions)
        #expect(listing.images.allSatisfy { $0.resolved.isEmpty })
    }

    @Test func aListThatFailsIsNoList() async throws {
        runtime.change { $0.failure = GRPCStatus(code: GRPCStatus.unavailable, message: "connection refused") }
        await #expect(throws: GRPCStatus.self) { try await list([]) }
    }

    @Test func theOrderOfNamesIsNoChange() async throws {
        var image = CRIImage.fake("quay.io/a:1", id: "a")
        image.repoTags = ["quay.io/a:2", "quay.io/a:1"]
        runtime.change { [image] in $0.images = [image] }
        var ledger = InventoryLedger()
        ledger.take(try await list([]).images, at: .zero)
        image.repoTags.reverse()
        runtime.change { [image] in $0.images = [image] }
        #expect(!ledger.take(try await list([]).images, at: .seconds(1)))
        #expect(ledger.listedAt == .seconds(1))
    }
}
