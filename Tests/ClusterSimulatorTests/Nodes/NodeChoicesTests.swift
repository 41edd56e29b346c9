import ClusterModel
import Testing

@testable import ClusterSimulator

/// What the command line says of nodes.
@Suite struct NodeChoicesTests {
    @Test func flavoursGoRoundAndOneNodesOwnComesFirst() throws {
        var scenario = try Scenario.demo(nodes: 4)
        #expect(scenario.nodes?.map(\.runtimeFlavour) == Array(repeating: .containerd16, count: 4))
        try scenario.choose(
            flavours: ["containerd-2.3", "node-1=containerd-1.6", "cri-o-1.36"].map { try FlavourChoice($0) })
        #expect(scenario.nodes?.map(\.runtimeFlavour) == [.containerd16, .crio136, .containerd23, .crio136])
        #expect(throws: ScenarioError.self) { try FlavourChoice("node-1=docker") }
        #expect(throws: ScenarioError.self) {
            try scenario.choose(flavours: [FlavourChoice("node-9=cri-o-1.36")])
        }
    }

    @Test func faultsAreCheckedWhenTheyAreRead() throws {
        var scenario = try Scenario.demo(nodes: 2)
        try scenario.setFaults(
            #"node-2={"mirrors": {"*": {"host": "m:1", "fault": "404"}}, "resetsAfterMegabytes": [1, 2]}"#)
        let faults = try #require(try scenario.nodes?.last?.faults?.model())
        #expect(faults.mirrors == ["*": .init(host: "m:1", answer: .status(404))])
        #expect(faults.resetsAfter == 1_000_000...2_000_000)
        for bad in [
            "node-2", "node-9={}", "node-2={", #"node-2={"stallsAfter": 2}"#, #"node-2={"store": "odd"}"#,
            #"node-2={"resetsAfterMegabytes": [2, 1]}"#, #"node-2={"mirrors": {"*": {"host": "m", "fault": "200"}}}"#,
        ] {
            #expect(throws: ScenarioError.self, "\(bad)") { try scenario.setFaults(bad) }
        }
    }
}
