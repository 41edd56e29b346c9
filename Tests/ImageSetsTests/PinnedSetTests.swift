import Cluster
import ImageSets
import Shared
import Testing

@Suite("Held sets on so many nodes") struct PinnedSetTests {
    private static func set(_ count: Int?) throws -> ImageSet {
        var own = Configuration()
        own.images = [ImageEntry(name: "a", reference: try ImageReference("nginx"))]
        own.nodeCount = count
        own.scheduling.nodeSelector = ["pool": "a"]
        return ImageSet(name: "s", own: own, main: Configuration())
    }

    private static let nodes = (0..<9).map { number in
        var node = NodeView(name: "n\(number)", uid: "\(number)")
        node.labels = ["pool": number < 6 ? "a" : "b"]
        node.isReady = true
        return node
    }

    @Test("As many as there are, the same ones in every run, and another one for one that isn't ready")
    func choice() throws {
        let all = try Self.set(nil).choose(of: Self.nodes, from: [])
        #expect(all == Set((0..<6).map { "n\($0)" }))
        let three = try Self.set(3).choose(of: Self.nodes, from: [])
        #expect(three.count == 3 && three.isSubset(of: all))
        #expect(try Self.set(3).choose(of: Self.nodes.reversed(), from: []) == three)
        #expect(try Self.set(9).choose(of: Self.nodes, from: []) == all)
        let lost = try #require(three.min())
        let worse = Self.nodes.map { node in
            var node = node
            if node.name == lost { node.isReady = false }
            return node
        }
        let other = try Self.set(3).choose(of: worse, from: [])
        #expect(other.count == 3 && other.isDisjoint(with: [lost]) && other.intersection(three).count == 2)
    }

    @Test("Pinned to nodes it selects those and no others, and none is no pin")
    func pinned() throws {
        let set = try Self.set(2)
        let pinned = set.pinned(to: ["n1", "n4"])
        #expect(pinned.choose(of: Self.nodes, from: []) == ["n1", "n4"])
        #expect(pinned.configuration?.scheduling == pinned.scheduling)
        #expect(set.pinned(to: ["n1", "n8"]).choose(of: Self.nodes, from: []) == ["n1"], "n8 is in another pool")
        #expect(set.pinned(to: []) == set && set.pinned(to: nil) == set)
        var affinity = NodeAffinity()
        affinity.requiredDuringSchedulingIgnoredDuringExecution = NodeSelector(nodeSelectorTerms: [
            NodeSelectorTerm(), NodeSelectorTerm(matchExpressions: [.init(key: "pool", operator: .in, values: ["b"])]),
        ])
        var scheduling = Scheduling()
        scheduling.affinity.nodeAffinity = affinity
        let narrow = scheduling.narrowed(to: ["n1", "n7"])
        #expect(Self.nodes.filter(narrow.selects).map(\.name) == ["n7"], "a term without requirements matches nothing")
    }
}
