/// A set of small numbers: which nodes, by their slot, have something in common.
public struct BitSet: Sendable, Equatable {
    public private(set) var words: [UInt64] = []

    public init() {}

    public var isEmpty: Bool { words.allSatisfy { $0 == 0 } }
    public var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    public func contains(_ number: Int) -> Bool {
        let word = number >> 6
        return word < words.count && words[word] & (1 << UInt64(number & 63)) != 0
    }

    public mutating func insert(_ number: Int) {
        let word = number >> 6
        if word >= words.count { words.append(contentsOf: repeatElement(0, count: word + 1 - words.count)) }
        words[word] |= 1 << UInt64(number & 63)
    }

    public mutating func remove(_ number: Int) {
        let word = number >> 6
        guard word < words.count else { return }
        words[word] &= ~(1 << UInt64(number & 63))
    }

    public func union(_ other: Self) -> Self {
        var result = words.count >= other.words.count ? self : other
        let lesser = words.count >= other.words.count ? other : self
        for index in lesser.words.indices { result.words[index] |= lesser.words[index] }
        return result
    }

    public func intersection(_ other: Self) -> Self {
        var result = Self()
        let count = min(words.count, other.words.count)
        result.words = (0..<count).map { words[$0] & other.words[$0] }
        return result
    }

    public func subtracting(_ other: Self) -> Self {
        var result = self
        for index in 0..<min(words.count, other.words.count) { result.words[index] &= ~other.words[index] }
        return result
    }

    public func intersects(_ other: Self) -> Bool {
        (0..<min(words.count, other.words.count)).contains { words[$0] & other.words[$0] != 0 }
    }

    /// The smallest members, so many at most.
    public func first(_ limit: Int) -> [Int] {
        var members: [Int] = []
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0, members.count < limit {
                members.append(index << 6 + rest.trailingZeroBitCount)
                rest &= rest - 1
            }
            if members.count == limit { break }
        }
        return members
    }

    /// Calls `body` for each member, in ascending order.
    public func forEach(_ body: (Int) -> Void) {
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                body(index << 6 + rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        }
    }
}
