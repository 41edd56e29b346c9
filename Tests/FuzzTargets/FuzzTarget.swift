/// Something that reads what comes from outside. Whatever the bytes, it reads them or says why not: a trap ends the run.
package struct FuzzTarget: Sendable {
    package let name: String
    /// What is right, to be spoiled.
    package let seeds: [[UInt8]]
    /// Parts of the grammar, to be put anywhere.
    let words: [[UInt8]]
    let read: @Sendable ([UInt8]) throws -> Void

    init(_ name: String, seeds: [[UInt8]], words: [String] = [], read: @escaping @Sendable ([UInt8]) throws -> Void) {
        self.name = name
        self.seeds = seeds
        self.words = words.map { Array($0.utf8) }
        self.read = read
    }

    /// The same for texts.
    init(
        _ name: String, texts: [String], words: [String] = [], read: @escaping @Sendable (String) throws -> Void
    ) {
        self.init(name, seeds: texts.map { Array($0.utf8) }, words: words) { bytes in
            try read(String(decoding: bytes, as: UTF8.self))
        }
    }

    /// Reads an input that somebody else has made.
    package func take(_ input: [UInt8]) {
        do { try read(input) } catch { _ = "\(error)" }
    }

    /// Reads inputs made from a seed, until `isOver` says so.
    ///
    /// - Parameter before: called with each input before it's read, so that the one that ends the program is known.
    /// - Returns: how many inputs were read, and how many of them were right.
    package func run(
        seed: UInt64, before: ([UInt8]) -> Void = { _ in }, until isOver: (Int) -> Bool
    ) -> (inputs: Int, right: Int) {
        var generator = FuzzGenerator(seeds: seeds, words: words, seed: seed)
        var (inputs, right) = (0, 0)
        while !isOver(inputs) {
            let input = generator.next()
            before(input)
            inputs += 1
            do {
                try read(input)
                right += 1
                generator.keep(input)
            } catch {
                // It says what is wrong: that is all that is asked of it.
                _ = "\(error)"
            }
        }
        return (inputs, right)
    }
}

/// Inputs made from right ones: bytes changed, parts repeated, cut out, put together and swapped, words of the grammar put in.
struct FuzzGenerator {
    private var pool: [[UInt8]]
    private let own: Int
    private let words: [[UInt8]]
    private var state: UInt64
    /// Larger inputs find nothing that smaller ones don't, and take long.
    private static let longest = 16 << 10
    private static let poolSize = 256
    private static let numbers = [
        "0", "-1", "9223372036854775807", "9223372036854775808", "18446744073709551616", "1e308", "-1e-308", "NaN",
        "1e999",
    ].map { Array($0.utf8) }

    init(seeds: [[UInt8]], words: [[UInt8]], seed: UInt64) {
        pool = seeds
        own = seeds.count
        self.words = words + Self.numbers
        state = seed
    }

    mutating func next() -> [UInt8] {
        var bytes = pool[number(pool.count)]
        for _ in 0...number(4) { change(&bytes) }
        if bytes.count > Self.longest { bytes.removeLast(bytes.count - Self.longest) }
        return bytes
    }

    /// What is right is worth spoiling further.
    mutating func keep(_ input: [UInt8]) {
        guard number(16) == 0 else { return }
        if pool.count < Self.poolSize { pool.append(input) } else { pool[own + number(pool.count - own)] = input }
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        let at = number(bytes.count + 1)
        let rest = bytes.count - at
        switch number(9) {
        case 0 where rest > 0: bytes[at] = UInt8(truncatingIfNeeded: random())
        case 1 where rest > 0: bytes[at] ^= 1 << UInt8(number(8))
        case 2 where rest > 0: bytes.removeSubrange(at..<at + 1 + number(min(rest, 32)))
        case 3 where rest > 0:
            let part = bytes[at..<at + 1 + number(min(rest, 64))]
            bytes.insert(contentsOf: repeatElement(part, count: 1 + number(8)).joined(), at: number(bytes.count + 1))
        case 4: bytes.insert(contentsOf: words[number(words.count)], at: at)
        case 5: bytes.insert(contentsOf: (0...number(8)).map { _ in UInt8(truncatingIfNeeded: random()) }, at: at)
        case 6:
            let other = pool[number(pool.count)]
            bytes = Array(bytes[..<at]) + other.dropFirst(number(other.count + 1))
        case 7 where rest > 0: bytes.removeLast(rest)
        default:
            bytes.insert(contentsOf: repeatElement(UInt8(truncatingIfNeeded: random()), count: number(200)), at: at)
        }
    }

    private mutating func number(_ limit: Int) -> Int { limit > 0 ? Int(random() % UInt64(limit)) : 0 }

    /// splitmix64
    private mutating func random() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
