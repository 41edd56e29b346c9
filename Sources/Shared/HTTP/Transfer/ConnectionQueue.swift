/// Which transfers may run and which wait, where the number of connections to a host is limited.
struct ConnectionQueue {
    /// What shares a limit.
    struct Place: Hashable, Sendable {
        let pool: ObjectIdentifier
        let origin: String
        let socket: String?
    }

    private struct Line {
        var running: Set<ObjectIdentifier> = []
        var waiting: [ObjectIdentifier] = []
    }

    private var lines: [Place: Line] = [:]

    /// Whether the transfer may start now; else it waits in line.
    ///
    /// - Parameter limit: how many may run at once; 0: any number.
    mutating func enter(_ transfer: ObjectIdentifier, _ place: Place, limit: Int) -> Bool {
        guard limit > 0 else { return true }
        var line = lines[place, default: Line()]
        let starts = line.running.count < limit
        if starts { line.running.insert(transfer) } else { line.waiting.append(transfer) }
        lines[place] = line
        return starts
    }

    /// Takes a transfer out, whether it ran or waited.
    ///
    /// - Returns: the transfer that has its place now.
    mutating func leave(_ transfer: ObjectIdentifier, _ place: Place) -> ObjectIdentifier? {
        guard var line = lines[place] else { return nil }
        defer { lines[place] = line.running.isEmpty ? nil : line }
        guard line.running.remove(transfer) != nil else {
            line.waiting.removeAll { $0 == transfer }
            return nil
        }
        guard !line.waiting.isEmpty else { return nil }
        let next = line.waiting.removeFirst()
        line.running.insert(next)
        return next
    }
}
