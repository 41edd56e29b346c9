/// The connections of a listener, by address. A value; the limits are its only rule.
struct ConnectionCounts: Sendable {
    private struct Place: Sendable {
        var all = 0
        var strangers = 0
    }

    let limits: ServerLimits
    private(set) var all = 0
    private(set) var strangers = 0
    private var places: [String: Place] = [:]

    init(_ limits: ServerLimits) { self.limits = limits }

    /// A connection has come: it's a stranger's. False: there are too many, and it isn't counted.
    mutating func admit(_ address: String) -> Bool {
        let place = places[address] ?? Place()
        guard all < limits.connections, strangers < limits.strangers, place.all < limits.connectionsPerAddress,
            place.strangers < limits.strangersPerAddress
        else { return false }
        all += 1
        strangers += 1
        places[address] = Place(all: place.all + 1, strangers: place.strangers + 1)
        return true
    }

    /// The stranger is known now.
    mutating func establish(_ address: String) {
        strangers -= 1
        places[address]?.strangers -= 1
    }

    mutating func close(_ address: String, isEstablished: Bool) {
        if !isEstablished { establish(address) }
        all -= 1
        places[address]?.all -= 1
        if places[address]?.all == 0 { places[address] = nil }
    }

    /// Addresses that have a connection.
    var addresses: Int { places.count }
}
