/// What is due when: a binary heap. Of elements with the same time, the first one in comes out first, so that a
/// history is the same each time it is played.
struct TimerQueue<Element: Sendable>: Sendable {
    private struct Entry: Sendable {
        let time: Seconds
        let order: UInt64
        let element: Element

        func isBefore(_ other: Entry) -> Bool { (time, order) < (other.time, other.order) }
    }

    private var heap: [Entry] = []
    private var nextOrder: UInt64 = 0

    var nextTime: Seconds? { heap.first?.time }

    mutating func add(_ element: Element, at time: Seconds) {
        heap.append(Entry(time: time, order: nextOrder, element: element))
        nextOrder += 1
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].isBefore(heap[parent]) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// The next element, when it's due by `time`.
    mutating func removeNext(by time: Seconds) -> (time: Seconds, element: Element)? {
        guard let first = heap.first, first.time <= time else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return (first.time, first.element)
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].isBefore(heap[least]) {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
