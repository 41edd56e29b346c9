import Cluster
import ImageSets
import Shared
import Testing

@testable import ConfigurationFixtures
@testable import ConfigurationParsing
@testable import Manifests
@testable import TestBasics

@Suite("What a prefetch asks for") struct PrefetchOrderTests {
    @Test("As a ConfigMap's data and back", arguments: 1...50)
    func roundTrip(seed: UInt64) throws {
        var random = Seeded(state: seed)
        let references = (0..<Int.random(in: 1...5, using: &random)).map { "r\($0).example:5000/app-\($0):1" }
        let selector = Bool.random(using: &random) ? ["example.com/pool": "a", "zone": ""] : [:]
        let nodes = Bool.random(using: &random) ? ["n1", "n2.example"] : []
        let count = Bool.random(using: &random) ? Int.random(in: 1...9, using: &random) : nil
        let order = try PrefetchOrder(references: references, selector: selector, nodes: nodes, nodeCount: count)
        #expect(try PrefetchOrder(data: order.data) == order)
        let set = order.set(named: "s")
        #expect(set.references.map(\.written) == references && set.count == count)
        #expect(set.scheduling.nodeSelector == selector)
    }

    private static func node(_ name: String, _ labels: [String: String]) -> NodeView {
        var node = NodeView(name: name, uid: name)
        node.labels = labels
        node.isReady = true
        return node
    }

    @Test("One that is held is an image set on the nodes that it would be pulled on otherwise", arguments: 1...50)
    func held(seed: UInt64) throws {
        var random = Seeded(state: seed)
        func flip() -> Bool { Bool.random(using: &random) }
        let labels = ["pool": ["a", "b"], "zone": ["x", "y"]]
        let nodes = (0..<12).map { number in
            Self.node("n\(number)", labels.compactMapValues { flip() ? $0.randomElement(using: &random) : nil })
        }
        var main = Configuration()
        main.imagePullSecrets = ["mirror"]
        main.namespace = "k8s-image-puller"
        main.sleepResources.memoryLimit = "33Mi"
        if flip() { main.scheduling.nodeSelector["pool"] = "a" }
        if flip() {
            main.scheduling.affinity.nodeAffinity = NodeAffinity()
            main.scheduling.affinity.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution = NodeSelector(
                nodeSelectorTerms: ["x", "y"].filter { _ in flip() }.map {
                    NodeSelectorTerm(matchExpressions: [.init(key: "zone", operator: .in, values: [$0])])
                } + [NodeSelectorTerm(matchExpressions: [.init(key: "pool", operator: .exists)])])
        }
        let order = try PrefetchOrder(
            references: ["r.example/app:1", "r.example/app:2", "r.example/Web_1".lowercased()],
            selector: flip() ? ["zone": "x"] : [:], nodes: flip() ? ["n1", "n3", "n5", "n99"] : [],
            nodeCount: flip() ? Int.random(in: 1...9, using: &random) : nil)

        let data = try order.data(heldBesides: main)
        #expect(try PrefetchOrder(data: data, isHeld: true).references == order.references)
        #expect(try PrefetchOrder(data: data, isHeld: true).nodes == order.nodes)
        var all = data
        all[PrefetchOrder.endKey] = "2999-01-01T00:00:00Z"
        var options = standardOptions
        options.imageSet = "s"
        let decision = ConfigurationParser(options: options).decide(
            ConfigMapContent(data: all, labels: [PrefetchOrder.label: "true", PodNames.setLabel: "s"]), last: nil,
            templateBytes: { _ in 0 })
        let own = try #require(decision.configuration, "\(decision.findings)")
        #expect(decision.findings == [])
        #expect(own.images.map(\.reference.written) == order.references.map(\.written))
        #expect(Set(own.images.map(\.name)).count == 3)
        #expect(own.imagePullSecrets == ["mirror"] && own.sleepResources.memoryLimit == "33Mi")
        #expect(own.nodeCount == order.nodeCount)
        // What is pulled without holding is pulled on these.
        let targets = nodes.filter(main.scheduling.selects)
        var loose = order
        loose.nodeCount = nil
        let pulled = loose.set(named: "s").choose(of: nodes, from: targets)
        #expect(Set(nodes.filter(own.scheduling.selects).map(\.name)) == pulled)
        let chosen = ImageSet(name: "s", own: own, main: main).choose(of: nodes, from: [])
        #expect(chosen.isSubset(of: pulled))
        #expect(chosen.count == min(pulled.count, order.nodeCount ?? .max))
    }

    @Test("Nodes that the main ConfigMap excludes can't be asked for, and a mistake rejects the edit")
    func heldMistakes() throws {
        var main = Configuration()
        main.scheduling.nodeSelector = ["pool": "a"]
        let order = try PrefetchOrder(references: ["nginx"], selector: ["pool": "b"])
        let fault = #expect(throws: PrefetchFault.self) { try order.data(heldBesides: main) }
        #expect(fault?.message.contains("pool=a") == true)
        var options = standardOptions
        options.imageSet = "s"
        func decide(_ data: [String: String], label: String?) -> ConfigurationDecision {
            var labels = [PodNames.setLabel: "s"]
            labels[PrefetchOrder.label] = label
            return ConfigurationParser(options: options).decide(
                ConfigMapContent(data: data, labels: labels), last: nil, templateBytes: { _ in 0 })
        }
        for wrong in [["NODES": "Not a node"], ["NODE_COUNT": "0"], ["NODE_COUNT": "many"]] {
            let data = ["IMAGES": "a=nginx"].merging(wrong) { $1 }
            #expect(decide(data, label: "true").configuration == nil, "\(wrong)")
            // Other sets don't have such keys.
            let other = decide(data, label: nil)
            #expect(other.configuration?.nodeCount == nil && other.findings.count == 1, "\(other.findings)")
        }
    }

    @Test("A thousand nodes can be named, and those of them are meant that have the labels")
    func manyNodes() throws {
        let names = (0..<PrefetchOrder.mostNodes).map { "n\($0)" }
        let order = try PrefetchOrder(references: ["nginx"], selector: ["pool": "a"], nodes: names)
        let nodes = (0..<5000).map { Self.node("n\($0)", ["pool": $0 % 2 == 0 ? "a" : "b"]) }
        let meant = order.set(named: "p").choose(of: nodes, from: nodes)
        #expect(meant == Set(nodes.filter(order.set(named: "p").scheduling.matches).map(\.name)))
        #expect(meant.count == PrefetchOrder.mostNodes / 2)
        let fault = #expect(throws: PrefetchFault.self) {
            try PrefetchOrder(references: ["nginx"], nodes: names + ["n1"])
        }
        #expect(fault?.message == "1001 nodes are named, and the limit is 1000")
    }

    @Test("Data that somebody edited is understood or refused", arguments: 1...10)
    func random(seed: UInt64) {
        var random = Seeded(state: seed)
        let pieces = ["a", ";", "=", "{", "}", "\"", ":", "\n", "1", "é", "@", "/", " ", "-", "\u{0}"]
        func text() -> String {
            (0..<Int.random(in: 0...8, using: &random)).compactMap { _ in pieces.randomElement(using: &random) }
                .joined()
        }
        for _ in 0..<300 {
            let data = ["IMAGES": text(), "NODE_SELECTOR": text(), "NODES": text(), "NODE_COUNT": text()]
            guard let order = try? PrefetchOrder(data: data) else { continue }
            #expect((1...PrefetchOrder.mostReferences).contains(order.references.count))
            #expect((try? PrefetchOrder(data: order.data)) == order)
        }
    }
}
