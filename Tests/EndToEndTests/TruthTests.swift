import Cluster
import Foundation
import Planning
import Shared
import Testing

@testable import KubernetesClient
@testable import Reporting

extension EndToEndTests {
    /// Images come and go, nodes fail, join, leave and change their zones, the list is edited, the coordinator ends and is killed: whatever
    /// happens, a cell is only called present when its runtime had the image within the reports' patience; and what was
    /// said at a moment is what history says of it later.
    @Test func reportsAreTrue() async throws {
        try await TestCluster.simulated { cluster in
            let truth = GroundTruth()
            try await cluster.configure(cluster.data(Array(cluster.images.prefix(3))))
            try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 3)
            let state = (cluster.api ?? "") + "/simulator/v1/state"
            let watching = Task {
                while !Task.isCancelled {
                    let response = try await HTTPClient().send(HTTPRequest("GET", state))
                    await truth.note(Self.present(try JSONDecoder().decode(JSONValue.self, from: Data(response.body))))
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
            defer { watching.cancel() }
            try await eventually("the ground truth is known") { await truth.looks > 3 }
            var random = SystemRandomNumberGenerator()
            var said: [CoverageReport] = []
            var listed = Set(cluster.images.prefix(3))
            var zones = ["n1": "a", "n2": "b", "n3": "a"]
            for round in 0..<30 {
                var world = PossibleWorld(references: listed, zones: zones.mapValues { [$0] })
                let node = "n\(Int.random(in: 1...3, using: &random))"
                let image = cluster.images[Int.random(in: 0..<4, using: &random)]
                switch round % 10 {
                case 0, 2, 4: try? await cluster.simulate("DELETE", "nodes/\(node)/images?reference=\(image)")
                case 1: try? await cluster.simulate("POST", "nodes/\(node)/images?reference=\(image)")
                case 3: try await cluster.simulate("PUT", "nodes/\(node)", ["ready": false])
                case 5:
                    listed = Set(cluster.images.shuffled(using: &random).prefix(2))
                    try await cluster.configure(cluster.data(listed.sorted()))
                case 6:
                    // What a coordinator said after its last sign of life isn't vouched for when it's killed.
                    if round != 16 { _ = try await cluster.stopCoordinator() } else { cluster.killCoordinator() }
                    if round == 16 { said = [] }
                    try await cluster.startCoordinator()
                case 7 where zones["n4"] == nil:
                    try await cluster.simulate("POST", "nodes", ["name": "n4", "zone": "b"])
                    zones["n4"] = "b"
                case 7:
                    try await cluster.simulate("DELETE", "nodes/n4")
                    zones["n4"] = nil
                case 8:
                    let zone = zones[node] == "a" ? "b" : "a"
                    let labels: JSONValue = ["topology.kubernetes.io/zone": .string(zone)]
                    try await cluster.client.mergePatch(
                        ["metadata": ["labels": labels]] as JSONValue, .nodes, name: node)
                    zones[node] = zone
                default:
                    for name in ["n1", "n2", "n3"] {
                        try await cluster.simulate("PUT", "nodes/\(name)", ["ready": true])
                    }
                }
                world.references.formUnion(listed)
                for (name, zone) in zones { world.zones[name, default: []].insert(zone) }
                for _ in 0..<8 {
                    if let report = try? await cluster.coverage(by: "node") { said.append(report) }
                    let exaggerations = await cluster.exaggerations(truth, world, within: 5)
                    #expect(exaggerations.isEmpty, "round \(round): \(exaggerations)")
                    for name in world.zones.keys.sorted() {
                        let lies = await cluster.lies(about: name, truth, within: 5)
                        #expect(lies.isEmpty, "round \(round): \(lies)")
                    }
                    try await Task.sleep(for: .milliseconds(150))
                }
            }
            #expect(said.count > 20)
            let wrong = try await cluster.contradictions(said)
            #expect(wrong.isEmpty, "\(wrong.count) of \(said.count): \(wrong)")
        }
    }

    /// What the simulator's runtimes have.
    private static func present(_ world: JSONValue) -> [String] {
        (world["nodes"]?.arrayValue ?? []).flatMap { node in
            (node["images"]?.arrayValue ?? []).flatMap { image in
                (image["tags"]?.arrayValue ?? []).map {
                    "\(node["name"]?.stringValue ?? "") \($0.stringValue ?? "")"
                }
            }
        }
    }
}
