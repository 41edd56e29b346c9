import Shared
import Testing

@testable import NodeAgent

@Suite("What images are for") struct ImagePlatformsTests {
    @Test(
        "A configuration names the platform; an artifact's has none, and no layers",
        arguments: [
            (
                #"{"chainID":"x","imageSpec":{"architecture":"arm64","os":"linux","rootfs":{"diff_ids":["a"]}}}"#,
                "linux/arm64"
            ),
            (
                #"{"imageSpec":{"architecture":"","os":"","config":{},"rootfs":{"type":"","diff_ids":null}}}"#,
                "artifact"
            ),
            (#"{"imageSpec":{}}"#, "artifact"),
            (#"{"imageSpec":{"rootfs":{"diff_ids":["a"]}}}"#, ""),
            (#"{"imageSpec":null}"#, ""), ("{}", ""), ("", ""), ("[1", ""), (#"{"imageSpec":{"os":1}}"#, ""),
        ])
    func reading(info: String, expected: String) {
        let platform = ImagePlatforms.Platform(info: info)
        switch expected {
        case "": #expect(platform == .untold)
        case "artifact": #expect(platform == .artifact)
        default: #expect(platform == .runs(expected))
        }
    }

    @Test("Only what the assignment means is asked for, once for each image id")
    func askedOnce() async throws {
        let runtime = FakeRuntime()
        runtime.change {
            $0.images = [.fake("nginx"), .fake("other"), .fake("chart")]
            $0.info["sha256:id of nginx"] = #"{"imageSpec":{"architecture":"amd64","os":"linux"}}"#
            $0.info["sha256:id of chart"] = #"{"imageSpec":{}}"#
        }
        let desired = ["docker.io/library/nginx:latest", "docker.io/library/chart:latest"]
        var platforms = ImagePlatforms()
        for _ in 0..<3 {
            let listing = try await ImageListing.take(
                from: runtime, desired: desired, known: Resolutions(), platforms: platforms)
            platforms = listing.platforms
            #expect(listing.images.map(\.platform) == ["linux/amd64", "", ""])
            #expect(listing.images.map(\.artifact) == [false, false, true])
        }
        #expect(runtime.change { $0.infoCalls } == 2)
    }

    @Test("Where one image keeps the runtime from listing any, those of the assignment are asked for one by one")
    func failingList() async throws {
        let runtime = FakeRuntime()
        runtime.change {
            $0.images = [.fake("nginx"), .fake("other")]
            $0.listFailure = GRPCStatus(code: GRPCStatus.unknown, message: "locating item named manifest")
        }
        let desired = ["docker.io/library/nginx:latest", "docker.io/library/absent:latest"]
        let listing = try await ImageListing.take(from: runtime, desired: desired, known: Resolutions())
        #expect(listing.images.map(\.tags) == [["docker.io/library/nginx:latest"]])
        #expect(listing.trouble == "locating item named manifest")
        // What doesn't answer at all says nothing.
        runtime.change { $0.listFailure = GRPCStatus(code: GRPCStatus.unavailable, message: "") }
        await #expect(throws: (any Error).self) {
            try await ImageListing.take(from: runtime, desired: desired, known: Resolutions())
        }
    }
}
