@testable import Shared
import Testing

@Suite struct LineSplitterTests {
    /// All lines of a text that comes in these parts; nil when one was too long.
    private func lines(_ parts: [[UInt8]], maximumLength: Int = .max) -> [[UInt8]]? {
        var splitter = LineSplitter(maximumLength: maximumLength)
        var lines: [[UInt8]] = []
        do {
            for part in parts {
                splitter.append(part)
                while let line = try splitter.next() { lines.append(line) }
            }
        } catch {
            return nil
        }
        return lines + [splitter.finish()].compactMap { $0 }
    }

    @Test(arguments: [
        ("", []), ("\n", [""]), ("a", ["a"]), ("a\n", ["a"]), ("a\nb", ["a", "b"]), ("\n\na\n\n", ["", "", "a", ""]),
        ("a\r\nb\r\n", ["a\r", "b\r"]),
    ])
    func linesEndAtLineFeeds(text: String, expected: [String]) {
        #expect(lines([Array(text.utf8)]) == expected.map { Array($0.utf8) })
    }

    /// However bytes are cut, the lines are those of the whole.
    @Test func cutsMakeNoDifference() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let count = Int.random(in: 0...200, using: &random)
            let density = Int.random(in: 1...20, using: &random)
            let bytes = (0..<count).map { _ in
                Int.random(in: 0...density, using: &random) == 0 ? 0x0A : UInt8.random(in: 0...255, using: &random)
            }
            var expected = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
            if expected.last == [] { expected.removeLast() }
            var parts: [[UInt8]] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let cut = Int.random(in: 0...min(rest.count, 40), using: &random)
                parts.append(Array(rest.prefix(cut)))
                rest = rest.dropFirst(cut)
            }
            #expect(lines(parts) == expected, "seed \(seed), parts \(parts)")
            let longest = expected.map(\.count).max() ?? 0
            #expect(lines(parts, maximumLength: longest) == expected, "seed \(seed), parts \(parts)")
            guard longest > 0 else { continue }
            #expect(lines(parts, maximumLength: longest - 1) == nil, "seed \(seed), parts \(parts)")
        }
    }

    /// A line that never ends is refused before it fills the memory.
    @Test func anEndlessLineIsRefusedEarly() {
        var splitter = LineSplitter(maximumLength: 1000)
        var appended = 0
        #expect(throws: LineSplitter.LineTooLong.self) {
            while appended < 1 << 20 {
                splitter.append([UInt8](repeating: 7, count: 100))
                appended += 100
                _ = try splitter.next()
            }
        }
        #expect(appended == 1100)
    }
}
