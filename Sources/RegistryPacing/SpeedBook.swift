/// What pulls of each image got, in bytes a second, and how much slower they are now than when few ran at once.
///
/// Images differ (small ones are all latency, nodes have some layers already), so an image is only ever compared
/// with itself. What a pull got is its node's word: of each node the newest counts, and medians of several do.
struct SpeedBook: Sendable, Equatable {
    private struct Entry: Sendable, Equatable {
        /// Bytes a second of one pull, at the lowest concurrency that was seen.
        var rates = NodeClaims(most: SpeedBook.memory)
        var concurrency: Double
        /// The rate is no more than this, as long as one node alone tells it.
        var limit = Double.infinity
        /// Bytes a second of all pulls together, smoothed.
        var goodput: Double
        /// Whose pull was the newest.
        var node: String
        /// All of this is that node's word.
        var isAlone = true

        /// Of two the lower one.
        var rate: Double {
            let ordered = rates.ordered
            return min(limit, ordered[(ordered.count - 1) / 2])
        }
    }

    private var entries: [String: Entry] = [:]
    /// Of the newest pulls: how many times slower than at low concurrency.
    private var slowdowns = NodeClaims(most: memory)
    /// How many pulls in a row came with far less goodput than before.
    private(set) var falls = 0

    private static let memory = 8
    private static let goodputShare = 0.1
    /// One pull's goodput counts as no more than so many times the usual: so a single node can't raise it to where all
    /// others look like a fall.
    private static let goodputStep = 1.5

    /// Takes a pull's speed.
    mutating func note(image: String, rate: Double, concurrency: Double, node: String) {
        let goodput = rate * concurrency
        guard var entry = entries[image] else {
            // Nothing to compare it with: it is as slow as the others are now.
            var entry = Entry(concurrency: concurrency / slowdown, goodput: goodput, node: node)
            entry.rates.note(rate * slowdown, of: node)
            entries[image] = entry
            return
        }
        let isAnother = entry.node != node
        entry.node = node
        if entry.isAlone, isAnother {
            // Pulls that share what there is get no less than their share: the first node's word goes no further.
            entry.limit = rate * max(1, concurrency / entry.concurrency)
            entry.goodput = min(entry.goodput, goodput)
            entry.isAlone = false
        }
        if concurrency <= entry.concurrency * 1.1 {
            entry.rates.note(rate, of: node)
            if entry.rates.count > 1 { entry.limit = .infinity }
            entry.concurrency = min(entry.concurrency, max(1, concurrency))
        }
        slowdowns.note(max(1, entry.rate / rate), of: node)
        if isAnother {
            falls = goodput < entry.goodput / 2 ? falls + 1 : max(0, falls - 1)
            entry.goodput += (min(goodput, Self.goodputStep * entry.goodput) - entry.goodput) * Self.goodputShare
        }
        entries[image] = entry
    }

    /// The median of the newest; 1 when nothing is known.
    var slowdown: Double {
        guard slowdowns.count >= 3 else { return 1 }
        return slowdowns.ordered[slowdowns.count / 2]
    }

    /// What is measured from here on is of another concurrency.
    mutating func beginAnew() {
        slowdowns = NodeClaims(most: Self.memory)
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
