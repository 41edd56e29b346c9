import FoundationEssentials
import Shared
import Testing

@testable import ClusterSimulator

@Suite("Volumes as a kubelet mounts them") struct VolumeTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = "/tmp/simvolume-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    private func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("All files change in one step, by a link that is replaced")
    func links() throws {
        try withFolder { folder in
            try PodFolder.fill(folder, ["token": Array("one".utf8), "sub/ca.crt": Array("ca".utf8)])
            #expect(text(folder + "/token") == "one" && text(folder + "/sub/ca.crt") == "ca")
            let first = try FileManager.default.destinationOfSymbolicLink(atPath: folder + "/..data")
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder + "/token") == "..data/token")
            try PodFolder.fill(folder, ["token": Array("one".utf8), "sub/ca.crt": Array("ca".utf8)])
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder + "/..data") == first)
            try PodFolder.fill(folder, ["token": Array("two".utf8)])
            #expect(text(folder + "/token") == "two" && text(folder + "/sub/ca.crt") == nil)
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder + "/..data") != first)
            #expect(!FileManager.default.fileExists(atPath: folder + "/" + first))
        }
    }

    @Test(
        "A projected token is bound to its pod and replaced in place, as its program sees it", .timeLimit(.minutes(1)))
    func rotation() async throws {
        let fixture = try NodeFixture()
        await fixture.fleet.surroundings.tokens.limitLifetimes(to: 3)
        try await fixture.run {
            let source: JSONValue = [
                "serviceAccountToken": ["audience": "image-puller", "expirationSeconds": 3600, "path": "token"]
            ]
            let pod = try await fixture.store.create(
                .pods, namespace: "default",
                object: [
                    "metadata": ["name": "p"],
                    "spec": [
                        "nodeName": "n1",
                        "containers": [
                            [
                                "name": "c", "image": .string(NodeFixture.image),
                                "volumeMounts": [["name": "token", "mountPath": "/token"]],
                            ]
                        ], "volumes": [["name": "token", "projected": ["sources": [source]]]],
                    ],
                ])
            let file = "\(fixture.directory)/n1/pods/\(pod.uid)/token/token"
            #expect(try await eventually { text(file) != nil })
            let first = text(file) ?? ""
            let tokens = await fixture.fleet.surroundings.tokens
            #expect(tokens.pod(of: first)?.uid == pod.uid)
            #expect(tokens.review(first, audiences: ["other"])["authenticated"] == nil)
            #expect(try await eventually { text(file) != first })
            let second = text(file) ?? ""
            #expect(tokens.review(second, audiences: ["image-puller"])["authenticated"] == true)
        }
    }
}
