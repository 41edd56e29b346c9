import FoundationEssentials
import Glibc
import Testing

@testable import Coordinator

@Suite(.serialized) struct FreeMemoryTests {
    private final class Block {
        var words: (UInt64, UInt64, UInt64, UInt64) = (1, 2, 3, 4)
        let bytes = [UInt8](repeating: 7, count: 400)
    }

    private func resident() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        return Int(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }?.filter(\.isNumber) ?? "") ?? 0
    }

    @Test func itIsDueAfterAWhileAndWheneverTheProcessHasGrown() {
        let now = ContinuousClock.now
        var plan = FreeMemory.Plan()
        #expect(plan.isDue(resident: 0, at: now))
        plan.gaveBack(resident: 320, at: now)
        #expect(!plan.isDue(resident: 330, at: now + .seconds(4)))
        #expect(plan.isDue(resident: 331, at: now + .seconds(1)))
        #expect(plan.isDue(resident: 100, at: now + .seconds(5)))
    }

    /// A block here and there stays, so that the C library can't give whole heaps back by itself.
    @Test func whatWasFreedIsGivenBack() throws {
        var blocks: [Block?] = (0..<200_000).map { _ in Block() }
        let full = try resident()
        for index in blocks.indices where index % 100 != 0 { blocks[index] = nil }
        FreeMemory.giveBack()
        #expect(try resident() < full - 40_000)
        #expect(blocks.compactMap { $0?.bytes.last }.count == 2000)
    }
}
