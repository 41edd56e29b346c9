import Foundation
import RealRuntime
import Shared
import Testing

@testable import Access
@testable import KubernetesClient
@testable import Reporting

extension EndToEndTests {
    /// What an edit would pull, by the manifests of Debian's registry: with credentials, for several platforms, with
    /// images that aren't there and a registry that isn't.
    @Test func aPlanResolvesWhatItWouldPull() async throws {
        try await RealMachine.with { machine in
            let open = try await machine.registry("open")
            let closed = try await machine.registry("closed", credentials: ("puller", "s3cret"))
            var arm = try TestImage.random(bytes: 40_000)
            arm.architecture = "arm64"
            var riscv = try TestImage.random(bytes: 90_000)
            riscv.architecture = "riscv64"
            let both = try await open.push([try TestImage.random(bytes: 20_000), arm, riscv], as: "both:1")
            let amd = try await closed.push([try TestImage.random(bytes: 30_000)], as: "team/amd:1")
            let single = try await closed.push(try TestImage.random(bytes: 50_000), as: "team/single:1")
            let absent = "\(open.host)/absent:1"
            let down = "127.0.0.1:\(try LoopbackPort.find())"

            try await TestCluster.simulated(adjust: Self.addArmNode) { cluster in
                try await cluster.configure(cluster.data([cluster.images[0]]))
                try await cluster.startCoordinator()
                try await cluster.untilHeld(images: 1)
                let before = try await (cluster.pods().compactMap(\.metadata.uid).sorted(), cluster.registryRequests())
                let list = [cluster.images[0], both, amd, single, absent, "\(down)/a:1", "\(down)/b:1"]
                let login = Data("puller:s3cret".utf8).base64EncodedString()
                let files = try await cluster.files([
                    "plan.yaml": Self.manifest(list),
                    "login.json": #"{"auths": {"\#(closed.host)": {"auth": "\#(login)"}}}"#,
                    "helper.json": #"{"credsStore": "secretservice", "auths": {}}"#, "broken.json": "[]",
                ])
                func plan(_ login: String?) async throws -> PlanReport {
                    let (status, report) = try await Self.plan(cluster, files["plan.yaml"] ?? "", login)
                    let plan = try #require(report)
                    // 1 where an image isn't built for a node, as far as anybody knows.
                    #expect(status == (plan.images.contains { $0.withoutPlatformCount > 0 } ? 1 : 0))
                    return plan
                }
                let report = try await plan(files["login.json"])
                #expect(report.architectures == ["amd64", "arm64"])
                let images = report.images
                #expect(images[0].pulls == 0 && images[0].present == 4)
                #expect(Set(images[1].sizes.keys) == ["amd64", "arm64"], "no node is riscv64")
                #expect(images[1].pulls == 4 && images[1].sizeSource == "registry" && images[1].error == nil)
                let sizes = images[1].sizes
                #expect((20_000..<25_000).contains(sizes["amd64"] ?? 0), "\(sizes)")
                #expect((40_000..<45_000).contains(sizes["arm64"] ?? 0), "\(sizes)")
                #expect(images[1].bytes == 3 * (sizes["amd64"] ?? 0) + (sizes["arm64"] ?? 0))
                for image in images[2...3] {
                    #expect(image.withoutPlatform == ["arm"] && image.withoutPlatformCount == 1 && image.pulls == 3)
                    #expect(image.error == nil && image.sizes.keys.sorted() == ["amd64"])
                }
                #expect(images[4].error == "\(open.host) doesn't have it")
                for image in images[5...] {
                    #expect(image.error?.hasPrefix("\(down) can't be asked: ") == true, "\(image.error ?? "")")
                }
                #expect(report.registries.map(\.registry).sorted() == [open.host, closed.host, down].sorted())
                #expect(report.registries.first { $0.registry == closed.host }?.pulls == 6)

                // Without a login the images of that registry have an error, and the others go on.
                for (file, words) in [
                    (nil, "wants credentials (--docker-config)"), ("helper.json", "credential helper"),
                ] {
                    let images = try await plan(file.flatMap { files[$0] }).images
                    #expect(images[1].error == nil && images[2].error?.contains(words) == true, "\(images[2])")
                }
                let (status, none) = try await Self.plan(cluster, files["plan.yaml"] ?? "", files["broken.json"])
                #expect(status == 2 && none == nil)

                // Nothing was changed by asking.
                #expect(try await cluster.pods().compactMap(\.metadata.uid).sorted() == before.0)
                #expect(try await cluster.registryRequests() == before.1)
                #expect(try await cluster.coverage().images == 1)
            }
        }
    }

    private static func addArmNode(_ scenario: inout JSONValue) {
        let nodes = scenario["nodes"]?.arrayValue ?? []
        scenario["nodes"] = .array(nodes + [["name": "arm", "architecture": "arm64"]])
    }

    private static func manifest(_ images: [String]) -> String {
        let list = images.enumerated().map { "image-\($0.offset + 1)=\($0.element)" }.joined(separator: ";")
        return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  IMAGES: \"\(list)\"\n"
    }

    private static func plan(
        _ cluster: TestCluster, _ file: String, _ login: String?
    ) async throws -> (Int32, PlanReport?) {
        let program = try RunningProgram(
            .coordinator,
            ["plan", file, "--resolve", "--output", "json", "--server", cluster.server]
                + (login.map { ["--docker-config", $0] } ?? []), folder: cluster.folder, name: "plan")
        defer { program.kill() }
        try await eventually("the plan is there", within: 120) { !program.process.isRunning }
        #expect(!program.text.contains("s3cret") && !program.log.contains("s3cret"))
        return (
            program.process.terminationStatus,
            try? JSONDecoder().decode(PlanReport.self, from: Data(program.text.utf8))
        )
    }
}

extension EndToEndTests {
    /// Which images pods waited for, by the events and pods of the cluster.
    @Test func suggestionsComeFromTheClustersOwnEvents() async throws {
        let slow = "registry.example.com/team/slow:1"
        let listed = "registry.example.com/app1:1"
        let objects =
            [(slow, "a", "n1", "41s"), (slow, "b", "n2", "19s"), (listed, "c", "n1", "90s")].flatMap {
                Self.pulled($0, $1, $2, $3)
            }
            + Self.pulled("registry.example.com/quick:1", "d", "n1", "42ms")
        try await TestCluster.simulated(objects: objects) { cluster in
            try await cluster.configure(cluster.data([listed]))
            try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 1)
            let arguments = ["suggest", "--kubeconfig", cluster.kubeconfig, "--server", cluster.server]
            let program = try RunningProgram(
                .coordinator, arguments + ["--output", "json"], folder: cluster.folder, name: "suggest")
            try await eventually("the suggestion is there") { !program.process.isRunning }
            let report = try JSONDecoder().decode(SuggestionReport.self, from: Data(program.text.utf8))
            #expect(report.images.map(\.reference) == [slow, "registry.example.com/quick:1"])
            #expect(report.images.first?.seconds == 60 && report.images.first?.nodes == 2)
            #expect(report.images.first?.pods == 2 && report.images.first?.pulls == 2)
            #expect(report.line == "slow=\(slow);quick=registry.example.com/quick:1")
            let (status, text) = try await RunningProgram.run(.coordinator, arguments)
            #expect(status == 0 && text.contains("slow=\(slow);quick="), "\(text)")
        }
    }

    /// A pod, and its kubelet's word that its image was pulled, in the form that was captured.
    private static func pulled(_ image: String, _ pod: String, _ node: String, _ time: String) -> [JSONValue] {
        [
            [
                "apiVersion": "v1", "kind": "Pod", "metadata": ["name": .string(pod), "namespace": "team"],
                "spec": [
                    "nodeName": .string(node), "containers": [["name": "c", "image": .string(image)]],
                ],
            ],
            [
                "apiVersion": "v1", "kind": "Event", "metadata": ["name": .string("\(pod).1"), "namespace": "team"],
                "type": "Normal", "reason": "Pulled", "count": 1,
                "involvedObject": ["kind": "Pod", "name": .string(pod), "namespace": "team"],
                "message": .string(
                    "Successfully pulled image \"\(image)\" in \(time) (\(time) including waiting). Image size: "
                        + "11742797 bytes."),
                "source": ["component": "kubelet", "host": .string(node)],
            ],
        ]
    }
}
