/// The objects of one type, and the newest changes among them: enough to answer a watch or a list that begins a
/// little in the past.
struct ObjectTable: Sendable {
    private(set) var objects: [ObjectKey: StoredObject] = [:]
    /// Every change after revision ``oldest``, in order.
    private(set) var log: [WatchEvent] = []
    /// A watch can begin here or later, a list can speak of here or later.
    private(set) var oldest = 0
    /// How many changes are kept at least; twice as many at most.
    let historyLimit: Int

    init(historyLimit: Int) { self.historyLimit = historyLimit }

    /// Sets or, with nil, takes away the object of a key, and notes the change.
    mutating func apply(_ event: WatchEvent, at key: ObjectKey) {
        objects[key] = event.kind == .deleted ? nil : event.stored
        log.append(event)
        if log.count > 2 * historyLimit { forget(log.count - historyLimit) }
    }

    /// Forgets every change so far, as the real storage does every five minutes.
    mutating func compact() { forget(log.count) }

    /// The changes after a revision; nil when they aren't all kept.
    func changes(after revision: Int) -> ArraySlice<WatchEvent>? {
        guard revision >= oldest else { return nil }
        let begin = log.partitioningIndex { $0.resourceVersion > revision }
        return log[begin...]
    }

    /// The objects as they were at a revision, found by undoing what came later; nil when that isn't kept.
    func objects(at revision: Int) -> [ObjectKey: StoredObject]? {
        guard let later = changes(after: revision) else { return nil }
        var past = objects
        for event in later.reversed() {
            guard let key = event.stored?.key else { continue }
            past[key] = event.previous
        }
        return past
    }

    private mutating func forget(_ count: Int) {
        guard count > 0 else { return }
        oldest = log[count - 1].resourceVersion
        log.removeFirst(count)
    }
}

extension Array {
    /// The first index whose element, and so every later one's, fulfils the predicate.
    fileprivate func partitioningIndex(where predicate: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if predicate(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
