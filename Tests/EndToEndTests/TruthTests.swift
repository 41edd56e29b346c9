import Foundation
import Planning
import Shared
import Testing

@testable import Coordinator

extension EndToEndTests {
    /// Images come and go, nodes fail, join and leave, the list is edited, the coordinator ends and is killed: whatever
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
                    await truth.look(at: try JSONDecoder().decode(JSONValue.self, from: Data(response.body)))
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
            defer { watching.cancel() }
            try await eventually("the ground truth is known") { await truth.looks > 3 }
            var random = SystemRandomNumberGenerator()
            var said: [CoverageReport] = []
            for round in 0..<24 {
                let node = "n\(Int.random(in: 1...3, using: &random))"
                let image = cluster.images[Int.random(in: 0..<4, using: &random)]
                switch round % 8 {
                case 0, 2, 4: try? await cluster.simulate("DELETE", "nodes/\(node)/images?reference=\(image)")
                case 1: try? await cluster.simulate("POST", "nodes/\(node)/images?reference=\(image)")
                case 3: try await cluster.simulate("PUT", "nodes/\(node)", ["ready": false])
                case 5:
                    try await cluster.configure(cluster.data(Array(cluster.images.shuffled(using: &random).prefix(2))))
                case 6:
                    // What a coordinator said after its last sign of life isn't vouched for when it's killed.
                    if round < 8 { _ = try await cluster.stopCoordinator() } else { cluster.killCoordinator() }
                    if round >= 8 { said = [] }
                    try await cluster.startCoordinator()
                default:
                    for name in ["n1", "n2", "n3"] {
                        try await cluster.simulate("PUT", "nodes/\(name)", ["ready": true])
                    }
                }
                for _ in 0..<8 {
                    if let report = try? await cluster.coverage(by: "node") { said.append(report) }
                    for name in ["n1", "n2", "n3"] {
                        guard let page: NodeReport = try? await cluster.query("/api/v1/nodes/\(name)") else { continue }
                        for cell in page.images where ["present", "held"].contains(cell.state) {
                            let isTrue = await truth.wasPresent(cell.reference, on: name, within: 5)
                            #expect(isTrue, "round \(round): \(cell.reference) is called \(cell.state) on \(name)")
                        }
                    }
                    try await Task.sleep(for: .milliseconds(150))
                }
            }
            #expect(said.count > 20)
            var differences = 0
            for report in said {
                // An answer and a report of the same millisecond can stand in either order.
                let isSame = try await [0, -60, 60].asyncContains { shift in
                    let at = (MomentText.moment(report.at, now: .wallClock) ?? .wallClock) + Double(shift) / 1000
                    let past: CoverageReport = try await cluster.query(
                        "/api/v1/coverage?by=node&at=\(at.rfc3339.replacing(":", with: "%3A"))")
                    return past.rows.map(\.name) == report.rows.map(\.name)
                        && past.rows.map(\.counts) == report.rows.map(\.counts)
                }
                if !isSame { differences += 1 }
            }
            #expect(differences == 0, "of \(said.count) reports, history tells \(differences) otherwise")
        }
    }
}

/// What the simulator's runtimes really had, and when.
private actor GroundTruth {
    private var lastPresent: [String: ContinuousClock.Instant] = [:]
    private(set) var looks = 0

    func look(at world: JSONValue) {
        let now = ContinuousClock.now
        for node in world["nodes"]?.arrayValue ?? [] {
            for image in node["images"]?.arrayValue ?? [] {
                for tag in image["tags"]?.arrayValue ?? [] {
                    lastPresent["\(node["name"]?.stringValue ?? "") \(tag.stringValue ?? "")"] = now
                }
            }
        }
        looks += 1
    }

    func wasPresent(_ reference: String, on node: String, within seconds: Double) -> Bool {
        lastPresent["\(node) \(reference)"].map { $0.duration(to: .now) <= .seconds(seconds) } ?? false
    }
}

extension Sequence {
    fileprivate func asyncContains(_ body: (Element) async throws -> Bool) async rethrows -> Bool {
        for element in self where try await body(element) { return true }
        return false
    }
}
