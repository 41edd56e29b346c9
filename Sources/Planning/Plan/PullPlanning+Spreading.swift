import Cluster

/// The second turn: what has worked goes to all nodes, first to those that pull nothing else.
extension PullPlanning {
    mutating func spread(_ ready: [Ready], _ plan: inout Plan) {
        for image in ready { spread(image.column, over: image.open.intersection(idle), &plan) }
        for image in ready { spread(image.column, over: image.open.intersection(half), &plan) }
    }

    private mutating func spread(_ column: Int, over slots: BitSet, _ plan: inout Plan) {
        guard hasRoom(column), !slots.isEmpty else { return }
        for slot in order where slots.contains(slot) {
            guard hasRoom(column) else { return }
            if isDue(slot, column) { start(slot, column, &plan) }
        }
    }
}
