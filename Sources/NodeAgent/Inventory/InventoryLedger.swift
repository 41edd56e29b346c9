import Shared

/// The node's images as last listed, and which of them the coordinator hasn't acknowledged.
///
/// Every change gets a mark. A report carries all that changed after the last acknowledged mark, so a report that
/// is lost, or whose answer is, costs nothing but its repetition.
struct InventoryLedger: Sendable {
    private(set) var images: [String: WireImage] = [:]
    /// When the newest successful listing ended; nil before the first.
    private(set) var listedAt: Duration?
    /// The newest change.
    private(set) var mark: UInt64 = 0
    /// Ids of images that changed or went, with the mark of their last change.
    private var touched: [String: UInt64] = [:]
    /// The whole inventory is due: the coordinator has nothing that a delta could be built on.
    private var needsFull = true
    /// The newest change when that became due: an older full report doesn't hold it.
    private var fullFrom: UInt64 = 0

    /// Takes a successful listing. Returns whether anything changed.
    @discardableResult
    mutating func take(_ listing: [WireImage], at now: Duration) -> Bool {
        let isFirst = listedAt == nil
        listedAt = now
        var listed: [String: WireImage] = [:]
        listed.reserveCapacity(listing.count)
        for image in listing { listed[image.id] = image }
        let changed = listed.keys.filter { images[$0] != listed[$0] } + images.keys.filter { listed[$0] == nil }
        guard !changed.isEmpty else { return isFirst }
        mark += 1
        images = listed
        for id in changed { touched[id] = mark }
        // Somebody who was away for long is better served by the whole than by all that ever happened.
        if touched.count > images.count + 64 { requireFull() }
        return true
    }

    /// What is due, for a report that follows the acknowledged report `since`; nil when nothing is.
    func due(since: UInt64) -> WireReport.OneOf_Inventory? {
        guard listedAt != nil else { return nil }
        if needsFull {
            var full = WireInventory()
            full.images = images.values.sorted { $0.id < $1.id }
            return .full(full)
        }
        guard !touched.isEmpty else { return nil }
        var delta = WireInventoryDelta()
        delta.since = since
        for id in touched.keys.sorted() {
            if let image = images[id] { delta.changed.append(image) } else { delta.removed.append(id) }
        }
        return .delta(delta)
    }

    var isDue: Bool { listedAt != nil && (needsFull || !touched.isEmpty) }

    /// The coordinator has everything up to `mark`.
    mutating func acknowledge(upTo mark: UInt64, wasFull: Bool) {
        touched = touched.filter { $0.value > mark }
        if wasFull, mark >= fullFrom { needsFull = false }
    }

    mutating func requireFull() {
        needsFull = true
        fullFrom = mark
        touched = [:]
    }
}
