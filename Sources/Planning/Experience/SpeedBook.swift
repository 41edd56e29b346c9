/// What pulls of each image got, in bytes a second, and how much slower they are now than when few ran at once.
///
/// Images differ (small ones are all latency, nodes have some layers already), so an image is only ever compared
/// with itself.
struct SpeedBook: Sendable, Equatable {
    private struct Entry: Sendable, Equatable {
        /// Bytes a second of one pull, at the lowest concurrency that was seen.
        var rate: Double
        var concurrency: Double
        /// Bytes a second of all pulls together, smoothed.
        var goodput: Double
    }

    private var entries: [String: Entry] = [:]
    /// Of the newest pulls: how many times slower than at low concurrency.
    private var slowdowns: [Double] = []
    /// How many pulls in a row came with far less goodput than before.
    private(set) var falls = 0

    private static let memory = 8
    private static let goodputShare = 0.1

    /// Takes a pull's speed.
    mutating func note(image: String, rate: Double, concurrency: Double) {
        let goodput = rate * concurrency
        guard var entry = entries[image] else {
            // Nothing to compare it with: it is as slow as the others are now.
            entries[image] = Entry(rate: rate * slowdown, concurrency: concurrency / slowdown, goodput: goodput)
            return
        }
        if concurrency <= entry.concurrency * 1.1 {
            entry.rate += (rate - entry.rate) / 3
            entry.concurrency = min(entry.concurrency, max(1, concurrency))
        }
        slowdowns.append(max(1, entry.rate / rate))
        if slowdowns.count > Self.memory { slowdowns.removeFirst() }
        falls = goodput < entry.goodput / 2 ? falls + 1 : max(0, falls - 1)
        entry.goodput += (goodput - entry.goodput) * Self.goodputShare
        entries[image] = entry
    }

    /// The median of the newest; 1 when nothing is known.
    var slowdown: Double {
        guard slowdowns.count >= 3 else { return 1 }
        return slowdowns.sorted()[slowdowns.count / 2]
    }

    /// What is measured from here on is of another concurrency.
    mutating func beginAnew() {
        slowdowns = []
        falls = 0
    }

    /// The fall has been answered: from now on this is normal.
    mutating func acceptFall() {
        for key in entries.keys { entries[key]?.goodput /= 2 }
        falls = 0
    }

    mutating func forget(except images: Set<String>) {
        entries = entries.filter { images.contains($0.key) }
    }
}
