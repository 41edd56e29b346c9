import Cluster
import ImageSets
import Shared
import Testing

@testable import ConfigurationParsing
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
