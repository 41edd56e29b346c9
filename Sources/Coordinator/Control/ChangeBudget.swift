import Cluster
import Planning

/// How many changes of one node are written down: a node whose images seem to come and go many times a second must not
/// fill the history of all, nor have everything planned anew each time.
///
/// An outage of an hour, in which every image fails over and over, has fewer.
struct ChangeBudget: Sendable {
    /// Changes of every image that a node may have at once, after it was quiet: an image that is pulled has three.
    private static let burst = 20.0
    /// Seconds for one further change of every image.
    private static let pause = 120.0
    /// A list with few images changes in other ways, too.
    private static let fewest = 10

    private struct Spent: Sendable {
        var changes: Double
        var at: Timestamp
    }

    /// By node; those that have spent nothing lately aren't here.
    private var spent: [String: Spent] = [:]

    /// Whether there's room for so many changes; then they are counted.
    ///
    /// - Parameter images: how many are listed.
    mutating func take(_ changes: Int, _ node: String, images: Int, at now: Timestamp) -> Bool {
        let sum = left(of: node, images: images, at: now) + Double(changes)
        // What is larger than all that there is, such as a first report of a long list, has room after quiet.
        guard sum <= Self.burst * Self.size(images) || sum == Double(changes) else { return false }
        spent[node] = Spent(changes: sum, at: now)
        return true
    }

    /// Forgets those that have been quiet for long.
    mutating func sweep(images: Int, at now: Timestamp) {
        spent = spent.filter { left(of: $0.key, images: images, at: now) > 0 }
    }

    mutating func forget(_ node: String) { spent[node] = nil }

    private static func size(_ images: Int) -> Double { Double(max(images, fewest)) }

    /// What still counts of the changes so far.
    private func left(of node: String, images: Int, at now: Timestamp) -> Double {
        guard let spent = spent[node] else { return 0 }
        let seconds = Double(max(0, now.milliseconds(since: spent.at))) / 1000
        return max(0, spent.changes - seconds * Self.size(images) / Self.pause)
    }
}
