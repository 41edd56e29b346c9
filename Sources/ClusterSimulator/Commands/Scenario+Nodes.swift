import ClusterModel
import FoundationEssentials

/// `cri-o-1.36`, or `node-2=cri-o-1.36`.
struct FlavourChoice: Hashable, Sendable {
    /// Nil: for the nodes in turn.
    let node: String?
    let flavour: RuntimeFlavour

    init(_ text: String) throws {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard let name = parts.last, let flavour = RuntimeFlavour(rawValue: name) else {
            let known = RuntimeFlavour.allCases.map(\.rawValue).joined(separator: ", ")
            throw ScenarioError("\"\(text)\" names no runtime; there are \(known)")
        }
        node = parts.count > 1 ? parts[0] : nil
        self.flavour = flavour
    }
}

extension Scenario {
    /// Gives nodes their runtimes. A node's own choice comes before what is given in turn.
    mutating func choose(flavours choices: [FlavourChoice]) throws {
        var nodes = nodes ?? []
        let common = choices.filter { $0.node == nil }.map(\.flavour)
        if !common.isEmpty {
            for index in nodes.indices { nodes[index].flavour = common[index % common.count] }
        }
        for choice in choices {
            guard let name = choice.node else { continue }
            nodes[try Self.index(of: name, in: nodes)].flavour = choice.flavour
        }
        self.nodes = nodes
    }

    /// `node-2={"store": "full"}`
    mutating func setFaults(_ text: String) throws {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { throw ScenarioError("\"\(text)\" is not NODE=JSON") }
        var nodes = nodes ?? []
        let index = try Self.index(of: parts[0], in: nodes)
        do {
            let faults = try JSONDecoder().decode(NodeFaultsScenario.self, from: Data(parts[1].utf8))
            _ = try faults.model()
            nodes[index].faults = faults
        } catch let error as DecodingError {
            throw ScenarioError("faults of node \(parts[0]): \(error.explanation)")
        }
        self.nodes = nodes
    }

    private static func index(of name: String, in nodes: [NodeScenario]) throws -> Int {
        guard let index = nodes.firstIndex(where: { $0.name == name }) else {
            throw ScenarioError("there is no node \(name)")
        }
        return index
    }
}
