/// Small numbers for the nodes of a fleet, and until when each node's cells are to be believed.
struct SlotTable: Sendable {
    /// By slot. Nil: free.
    private(set) var names: [String?] = []
    /// By slot, in milliseconds since 1970: later the node is unknown.
    private(set) var knownUntil: [Int64] = []
    /// The slots of the nodes that have one.
    private(set) var numbers: [String: Int] = [:]
    private var free: [Int] = []

    /// Never known.
    static let never = Int64.min

    mutating func take(_ name: String) -> Int {
        if let slot = free.popLast() {
            names[slot] = name
            numbers[name] = slot
            return slot
        }
        numbers[name] = names.count
        names.append(name)
        knownUntil.append(Self.never)
        return names.count - 1
    }

    mutating func free(_ slot: Int) {
        if let name = names[slot] { numbers[name] = nil }
        names[slot] = nil
        knownUntil[slot] = Self.never
        free.append(slot)
    }

    mutating func know(_ slot: Int, until moment: Timestamp?) {
        knownUntil[slot] = moment?.milliseconds ?? Self.never
    }
}
