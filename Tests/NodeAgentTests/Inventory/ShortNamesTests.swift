import Shared
import Testing

@testable import NodeAgent

@Suite("What runtimes make of short names") struct ShortNamesTests {
    private static let short = ["docker.io/library/nginx:latest": "nginx", "docker.io/library/redis:7": "redis:7"]

    @Test("A name that means another image, or none, is told with the image that it was to mean; each is asked once")
    func misread() async throws {
        let runtime = FakeRuntime()
        runtime.change {
            $0.images = [.fake("nginx"), .fake("redis:7"), .fake("quay.io/other/nginx:1")]
            $0.shortNames["nginx"] = "sha256:id of quay.io/other/nginx:1"
        }
        var names = ShortNames()
        for _ in 0..<3 {
            let listing = try await ImageListing.take(
                from: runtime, desired: Self.short.keys.sorted(), known: Resolutions(), short: Self.short,
                shortNames: names)
            names = listing.shortNames
            #expect(listing.images.map(\.misread) == [["nginx"], [], []])
        }
        #expect(runtime.change { $0.imageCalls } == 2)
        // Another image has its name now.
        runtime.change { $0.images[0].id = "sha256:newer" }
        let listing = try await ImageListing.take(
            from: runtime, desired: [], known: Resolutions(), short: Self.short, shortNames: names)
        #expect(listing.images.map(\.misread) == [["nginx"], [], []])
        #expect(runtime.change { $0.imageCalls } == 3)
    }

    @Test("What isn't there says nothing, and without short names nobody is asked")
    func absent() async throws {
        let runtime = FakeRuntime()
        runtime.change { $0.images = [.fake("nginx")] }
        let absent = ["docker.io/library/absent:latest": "absent"]
        for short in [absent, [:]] {
            let listing = try await ImageListing.take(
                from: runtime, desired: ["docker.io/library/nginx:latest"], known: Resolutions(), short: short)
            #expect(listing.images.map(\.misread) == [[]])
        }
        #expect(runtime.change { $0.imageCalls } == 0)
    }
}
