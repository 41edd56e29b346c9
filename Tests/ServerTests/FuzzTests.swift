import FuzzTargets
import Testing

/// A short run of each; `scripts/fuzz` goes on for minutes.
@Suite("Whatever is read") struct FuzzTests {
    @Test("Nothing that comes from outside ends the program", arguments: FuzzTarget.all.map(\.name))
    func read(_ name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        let (inputs, right) = target.run(seed: 1, until: { $0 >= 2000 })
        #expect(inputs == 2000)
        // Else all of them break at the first byte, and nothing is tried.
        #expect(right > 20)
    }
}
