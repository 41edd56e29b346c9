import Foundation
import RealRuntime
import Shared
import Testing

@testable import Reporting

extension EndToEndTests {
    /// The same with Debian's containerd and docker-registry as the truth, what `ctr` lists and can make a container of: images come and go by `ctr` and by pulls, the
    /// agent is killed and stopped, the coordinator ends and is killed, and the list is edited. The agent's pod is the
    /// simulator's; its runtime's socket leads to the real one.
    @Test(.timeLimit(.minutes(5))) func reportsAreTrueOfARealContainerd() async throws {
        try await RealMachine.with { machine in
            let registry = try await machine.registry()
            let containerd = try await machine.containerd()
            try containerd.allow(registry.host)
            var images: [String] = []
            for number in 1...4 {
                images.append(try await registry.push(try .random(bytes: 20_000 * number), as: "app\(number):1"))
            }
            try await TestCluster.simulated(adjust: Self.leaveRoomForSocket) { cluster in
                try await Self.play(cluster, containerd, images)
            }
        }
    }

    /// The simulated runtime listens elsewhere, so that the real one's socket can be put in the usual place.
    private static func leaveRoomForSocket(_ scenario: inout JSONValue) {
        scenario["nodes"] = [["name": "real", "runtimeSocket": "/run/other/containerd.sock"]]
    }

    private static func play(_ cluster: TestCluster, _ containerd: Containerd, _ images: [String]) async throws {
        let node = cluster.folder.appendingPathComponent("cluster/real")
        let socket = node.appendingPathComponent("run/containerd/containerd.sock")
        try FileManager.default.createDirectory(
            at: socket.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            at: socket, withDestinationURL: URL(fileURLWithPath: containerd.socket))
        let hasty = ["RETRY_INITIAL_SECONDS": "1", "RETRY_MAX_SECONDS": "2"]
        try await cluster.configure(cluster.data(Array(images.prefix(3)), hasty))
        try await cluster.startCoordinator()
        try await eventually("the images are pulled into containerd") {
            try await cluster.coverage().total.present == 3
        }
        let truth = GroundTruth()
        let watching = Task {
            // Of those that stay listed it's asked once.
            var usable: Set<String> = []
            while !Task.isCancelled {
                let listed = Set(try await containerd.images())
                usable.formIntersection(listed)
                for image in listed.intersection(images).subtracting(usable) {
                    if try await containerd.canMakeContainer(of: image) { usable.insert(image) }
                }
                await truth.note(usable.map { "real \($0)" })
                try await Task.sleep(for: .milliseconds(50))
            }
        }
        defer { watching.cancel() }
        try await eventually("the ground truth is known") { await truth.looks > 3 }
        var random = SystemRandomNumberGenerator()
        var said: [CoverageReport] = []
        let world = PossibleWorld(references: Set(images), zones: ["real": []])
        for round in 0..<16 {
            let image = images[Int.random(in: 0..<images.count, using: &random)]
            switch round % 8 {
            case 0, 2, 5: try? await containerd.remove(image)
            case 1: try await containerd.ctr("images", "pull", "--plain-http", image)
            case 3: try agents(in: node).forEach { kill($0, SIGKILL) }
            case 4:
                try await cluster.configure(cluster.data(Array(images.shuffled(using: &random).prefix(2)), hasty))
            case 6: try await cluster.simulate("PUT", "nodes/real", ["agentFrozen": true])
            default:
                try await cluster.simulate("PUT", "nodes/real", ["agentFrozen": false])
                // What a coordinator said after its last sign of life isn't vouched for when it's killed.
                if round == 7 { _ = try await cluster.stopCoordinator() } else { cluster.killCoordinator() }
                if round > 7 { said = [] }
                try await cluster.startCoordinator()
            }
            // Long enough for a stopped agent to become unknown.
            for _ in 0..<(round % 8 == 6 ? 20 : 6) {
                if let report = try? await cluster.coverage(by: "node") { said.append(report) }
                // Three report intervals of a second each, and what a busy machine adds.
                let lies = await cluster.lies(about: "real", truth, within: 5)
                let exaggerations = await cluster.exaggerations(truth, world, by: ["image", "all"], within: 5)
                #expect(lies.isEmpty && exaggerations.isEmpty, "round \(round): \(lies) \(exaggerations)")
                try await Task.sleep(for: .milliseconds(200))
            }
            if round == 14 {
                let wrong = try await cluster.contradictions(said)
                #expect(said.count > 20 && wrong.isEmpty, "\(wrong.count) of \(said.count): \(wrong)")
            }
        }
        try await eventually("what was removed is there again, and the report says so") {
            try await cluster.coverage().total.present == 2
        }
        let wrong = try await cluster.contradictions(said)
        #expect(wrong.isEmpty, "\(wrong.count) of \(said.count): \(wrong)")
    }

    /// The agents that run for a simulated node: those whose working folder is the node's.
    private static func agents(in folder: URL) throws -> [pid_t] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap(pid_t.init).filter { pid in
            let current = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/cwd")
            let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/exe")
            return current == folder.path && program?.hasSuffix("/node-agent") == true
        }
    }
}
