import Shared
import SwiftProtobuf
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

    @Test(
        "However many names and images a node has, a report of them is taken, and has what is wanted",
        arguments: [(1, 20_000), (5_000, 1), (2_000, 40), (300, 300)])
    func fitting(images: Int, names: Int) async throws {
        // They sort behind all others.
        var wanted = CRIImage.fake("quay.io/zz/wanted:1", id: "sha256:zz")
        wanted.repoTags += (0..<names).map { "made-up.example/a:\($0)" }
        var used = CRIImage.fake("quay.io/zz/used:1", id: "sha256:zy")
        used.repoDigests = ["quay.io/zz/used@sha256:1"]
        let others = (0..<images).map { number in
            var image = CRIImage.fake("a", id: "sha256:\(String(repeating: "0", count: 58))\(100_000 + number)")
            image.repoTags = (0..<names).map { "made-up.example/\(String(repeating: "a", count: 60))/\(number):\($0)" }
            image.repoDigests = (0..<names).map {
                "made-up.example/\(number)-\($0)@sha256:\(String(repeating: "1", count: 64))"
            }
            return image
        }
        var container = CRIContainer()
        container.imageRef = "sha256:zy"
        runtime.change { [wanted, used, container] in
            $0.images = others + [used, wanted]
            $0.containers = [container]
        }
        var state = ReportState(node: "n", bootID: "b")
        let listing = try await list(["quay.io/zz/wanted:1"])
        state.listed(listing.images, at: .zero)
        let report = state.nextReport(at: .zero, running: [], filesystem: nil)
        let body: [UInt8] = try report.serializedBytes()
        let taken = try CheckedReport(body: body, isJSON: false)
        #expect(taken.cuts.isEmpty && taken.full.images.count > min(images, 100))
        #expect(taken.full.images.first { $0.id == "sha256:zz" }?.tags.contains("quay.io/zz/wanted:1") == true)
        #expect(taken.full.images.first { $0.id == "sha256:zy" }?.inUse == true)
        // The same images are told in the same way, so that nothing seems to change.
        runtime.change { $0.images.reverse() }
        var ledger = InventoryLedger()
        ledger.take(listing.images, at: .zero)
        #expect(!ledger.take(try await list(["quay.io/zz/wanted:1"]).images, at: .seconds(1)))
    }
}
