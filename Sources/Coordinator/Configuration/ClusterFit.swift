import Cluster
import Formatting
import ImageSets

/// Whether the nodes can run what a configuration asks of them: said before a pod hangs in Pending.
package struct ClusterFit: Sendable {
    /// A target node, and what it can give to pods (`status.allocatable`).
    package struct Node: Sendable, Equatable {
        var name: String
        var memory: Quantity
        var cpu: Quantity

        package init(name: String, memory: Quantity, cpu: Quantity) {
            self.name = name
            self.memory = memory
            self.cpu = cpu
        }
    }

    /// What the agent's container requests besides the sleep containers.
    package var agentMemory = Quantity.zero
    package var agentCPU = Quantity.zero

    package init(agentMemory: Quantity = Quantity.zero, agentCPU: Quantity = Quantity.zero) {
        self.agentMemory = agentMemory
        self.agentCPU = agentCPU
    }

    /// - Parameters:
    ///   - nodes: how many nodes the cluster has, selected or not.
    ///   - targets: those that the configuration selects.
    package func findings(for configuration: Configuration, nodes: Int, targets: [Node]) -> [Finding] {
        guard !targets.isEmpty else { return nodes == 0 ? [] : [noTarget(configuration, nodes: nodes)] }
        guard let each = requests(of: configuration) else { return [] }
        let count = configuration.images.count
        let memory = each.memory * count + agentMemory
        let cpu = each.cpu * count + agentCPU
        guard !targets.contains(where: { $0.memory >= memory && $0.cpu >= cpu }) else { return [] }

        var findings: [Finding] = []
        if let largest = targets.max(by: { $0.memory < $1.memory }), largest.memory < memory {
            findings.append(
                tooMuch(
                    .cachingMemoryRequest, "\(count) × \(configuration.sleepResources.memoryRequest)", "memory",
                    sum: memory.asMemory, agent: agentMemory == .zero ? nil : agentMemory.asMemory, largest.name,
                    largest.memory.asMemory, targets.count))
        }
        if let largest = targets.max(by: { $0.cpu < $1.cpu }), largest.cpu < cpu {
            findings.append(
                tooMuch(
                    .cachingCPURequest, "\(count) × \(configuration.sleepResources.cpuRequest)", "CPU",
                    sum: cpu.asCPU, agent: agentCPU == .zero ? nil : agentCPU.asCPU, largest.name, largest.cpu.asCPU,
                    targets.count))
        }
        guard findings.isEmpty else { return findings }
        return [
            Finding(
                severity: .warning, key: ConfigurationKey.images.rawValue,
                message: "each pod requests \(memory.asMemory) of memory and \(cpu.asCPU) of CPU, and none of the "
                    + "\(targets.count) target nodes has both: no pod can start",
                nextStep: "lower CACHING_MEMORY_REQUEST or CACHING_CPU_REQUEST, or list fewer images")
        ]
    }

    private func requests(of configuration: Configuration) -> (memory: Quantity, cpu: Quantity)? {
        guard let memory = try? Quantity(configuration.sleepResources.memoryRequest),
            let cpu = try? Quantity(configuration.sleepResources.cpuRequest)
        else { return nil }
        return (memory, cpu)
    }

    private func tooMuch(
        _ key: ConfigurationKey, _ product: String, _ what: String, sum: String, agent: String?, _ node: String,
        _ largest: String, _ targets: Int
    ) -> Finding {
        let addition = agent.map { " + \($0) for the agent" } ?? ""
        let where_ =
            targets == 1 ? "the only target node, \(node)," : "the largest of \(targets) target nodes, \(node),"
        return Finding(
            severity: .warning, key: key.rawValue,
            message:
                "each pod requests \(product)\(addition) = \(sum) of \(what), and \(where_) has \(largest): no pod can "
                + "start",
            nextStep: "lower \(key.rawValue), or list fewer images")
    }

    private func noTarget(_ configuration: Configuration, nodes: Int) -> Finding {
        let selector = configuration.scheduling.nodeSelector.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let key: ConfigurationKey =
            selector.isEmpty && !configuration.scheduling.affinity.isEmpty ? .affinity : .nodeSelector
        let what = selector.isEmpty ? "" : " with \(selector.joined(separator: ", "))"
        return Finding(
            severity: .warning, key: key.rawValue,
            message: "no Linux node\(what) matches, of \(counted(nodes, "node")): nothing is cached anywhere",
            nextStep: "compare NODE_SELECTOR, AFFINITY and TOLERATIONS with the nodes' labels and taints")
    }
}
