/// Transfers over links of limited bandwidth, as a fluid: every transfer gets its max-min fair share of each link
/// that it crosses, at every instant.
///
/// Max-min fair is what many TCP streams of the same length come close to: nobody can be given more without taking
/// it from somebody who has less.
public struct TransferModel: Sendable {
    /// Something with a bandwidth: a registry's uplink, a node's network card.
    public struct Link: Hashable, Sendable {
        let index: Int
    }

    /// A transfer that has ended, and when.
    public struct Completion: Hashable, Sendable {
        public let id: UInt64
        public let time: Seconds

        public init(id: UInt64, time: Seconds) {
            self.id = id
            self.time = time
        }
    }

    struct Transfer: Sendable {
        let id: UInt64
        let links: [Link]
        let bytes: Double
        var remaining: Double
        var rate: Double = 0
    }

    /// Less than this is nothing: rounding leaves such rests.
    private static let restBytes = 1e-3

    public private(set) var now: Seconds = 0
    /// Oldest first.
    private(set) var transfers: [Transfer] = []
    private var capacities: [Double] = []
    private var carried: [Double] = []
    private var ratesAreStale = false

    public init() {}

    /// - Parameter capacity: bytes a second.
    public mutating func addLink(capacity: Double) -> Link {
        capacities.append(max(0, capacity))
        carried.append(0)
        return Link(index: capacities.count - 1)
    }

    /// Bytes a second.
    public func capacity(of link: Link) -> Double { capacities[link.index] }

    public mutating func setCapacity(_ capacity: Double, of link: Link) {
        guard capacities[link.index] != max(0, capacity) else { return }
        capacities[link.index] = max(0, capacity)
        ratesAreStale = true
    }

    /// All bytes that the link has carried so far.
    public func bytesCarried(by link: Link) -> Double { carried[link.index] }

    /// Bytes a second that the link carries now.
    public mutating func rate(of link: Link) -> Double {
        refreshRates()
        return transfers.reduce(0) { $1.links.contains(link) ? $0 + $1.rate : $0 }
    }

    /// Starts a transfer now.
    public mutating func start(_ id: UInt64, bytes: Double, over links: [Link]) {
        transfers.append(Transfer(id: id, links: links, bytes: max(0, bytes), remaining: max(0, bytes)))
        ratesAreStale = true
    }

    /// Ends a transfer before its time; nil when there's none of that id.
    ///
    /// - Returns: the bytes that had come over.
    @discardableResult
    public mutating func cancel(_ id: UInt64) -> Double? {
        guard let index = transfers.firstIndex(where: { $0.id == id }) else { return nil }
        let transfer = transfers.remove(at: index)
        ratesAreStale = true
        return transfer.bytes - transfer.remaining
    }

    /// When the next transfer will be complete, as things stand. Nil when none ever will.
    public var nextEventTime: Seconds? {
        mutating get {
            refreshRates()
            var soonest: Seconds?
            for transfer in transfers {
                guard let end = end(of: transfer) else { continue }
                soonest = min(soonest ?? end, end)
            }
            return soonest
        }
    }

    /// Lets time pass.
    ///
    /// - Returns: the transfers that completed, in the order of time; at the same moment, in the order of starting.
    public mutating func advance(to target: Seconds) -> [Completion] {
        var completions: [Completion] = []
        while let next = nextEventTime, next <= target {
            let due = Set(transfers.filter { (end(of: $0) ?? .infinity) <= next }.map(\.id))
            flow(until: next)
            for transfer in transfers where due.contains(transfer.id) {
                // What rounding left over has been carried too.
                for link in transfer.links { carried[link.index] += transfer.remaining }
                completions.append(Completion(id: transfer.id, time: next))
            }
            transfers.removeAll { due.contains($0.id) }
            ratesAreStale = true
        }
        flow(until: target)
        return completions
    }

    private func end(of transfer: Transfer) -> Seconds? {
        if transfer.remaining <= Self.restBytes { return now }
        return transfer.rate > 0 ? now + transfer.remaining / transfer.rate : nil
    }

    private mutating func flow(until time: Seconds) {
        let elapsed = time - now
        guard elapsed > 0 else { return }
        refreshRates()
        for index in transfers.indices {
            let moved = min(transfers[index].remaining, transfers[index].rate * elapsed)
            transfers[index].remaining -= moved
            for link in transfers[index].links { carried[link.index] += moved }
        }
        now = time
    }

    private mutating func refreshRates() {
        guard ratesAreStale else { return }
        ratesAreStale = false
        let rates = FairShares.rates(of: transfers.map(\.links), capacities: capacities)
        for index in transfers.indices { transfers[index].rate = rates[index] }
    }
}
