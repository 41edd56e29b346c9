import Cluster

/// What is known of pods of the present template before there is one.
public struct Successor: Sendable, Equatable {
    /// Why the API server takes none; nil: it does, or nobody could ask.
    public var refusal: String?
    /// What one requests.
    public var memory = Quantity.zero
    public var cpu = Quantity.zero
    /// Of pods that differ from it in their images alone, and may be given those that they lack. Nil: none may.
    public var frame: String?
    /// The names of one's containers. The list may be ahead of the template.
    public var containers: Set<String> = []

    public init(
        refusal: String? = nil, memory: Quantity = .zero, cpu: Quantity = .zero, frame: String? = nil,
        containers: Set<String> = []
    ) {
        (self.refusal, self.memory, self.cpu, self.frame) = (refusal, memory, cpu, frame)
        self.containers = containers
    }

    /// Whether the node could have room. What it doesn't tell it may have.
    func fits(_ node: NodeView) -> Bool {
        func has(_ amount: String?, _ needed: Quantity) -> Bool {
            amount.flatMap { try? Quantity($0) }.map { $0 >= needed } ?? true
        }
        return has(node.allocatableMemory, memory) && has(node.allocatableCPU, cpu)
    }
}
