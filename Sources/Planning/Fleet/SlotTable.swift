import Cluster

/// Small numbers for the nodes of a fleet, and what whoever looks at thousands of nodes asks of each: to find them by
/// name takes longer than all the rest.
struct SlotTable: Sendable {
    /// By slot. Nil: free.
    private(set) var names: [String?] = []
    /// By slot, in milliseconds since 1970: later the node is unknown.
    private(set) var knownUntil: [Int64] = []
    /// By slot: when the runtime's images were last listed with success.
    private(set) var listedAt: [Timestamp?] = []
    /// By slot: the last known states of the image entries' cells, counted. Nil before any were known.
    var rows: [CellRow?] = []
    /// The slots of the nodes that have one.
    private(set) var numbers: [String: Int] = [:]
    private var free: [Int] = []
    /// Another one whenever a node gets a slot, or its slot is freed.
    private(set) var version = 0

    /// Never known.
    static let never = Int64.min

    mutating func take(_ name: String) -> Int {
        version += 1
        if let slot = free.popLast() {
            names[slot] = name
            numbers[name] = slot
            return slot
        }
        numbers[name] = names.count
        names.append(name)
        knownUntil.append(Self.never)
        listedAt.append(nil)
        rows.append(nil)
        return names.count - 1
    }

    mutating func free(_ slot: Int) {
        version += 1
        if let name = names[slot] { numbers[name] = nil }
        names[slot] = nil
        knownUntil[slot] = Self.never
        listedAt[slot] = nil
        rows[slot] = nil
        free.append(slot)
    }

    mutating func know(_ slot: Int, until moment: Timestamp?, listedAt: Timestamp?) {
        knownUntil[slot] = moment?.milliseconds ?? Self.never
        self.listedAt[slot] = listedAt
    }
}
