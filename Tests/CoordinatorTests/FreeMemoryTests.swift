import FoundationEssentials
import Glibc
import Testing

@testable import Coordinator
@testable import TestBasics

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

    @Test func codeThatIsntUsedIsUnmappedAndComesBack() throws {
        // A file that nobody but this test has mapped as code.
        let size = 16 * sysconf(Int32(_SC_PAGESIZE))
        let folder = try ScratchFolder()
        let descriptor = open(try folder.write("code", String(repeating: "c", count: size)), O_RDONLY)
        defer { close(descriptor) }
        let code = try #require(mmap(nil, size, PROT_READ | PROT_EXEC, MAP_PRIVATE, descriptor, 0))
        try #require(code != MAP_FAILED)
        defer { munmap(code, size) }
        let bytes = UnsafeRawBufferPointer(start: code, count: size)
        #expect(bytes.allSatisfy { $0 == UInt8(ascii: "c") })
        #expect(try mapped(code, size) == 16)
        // The list of mappings can lack one while other tests' threads make and end theirs.
        for _ in 0..<5 where try mapped(code, size) > 0 { FreeMemory.giveBackCode() }
        #expect(try mapped(code, size) == 0)
        #expect(bytes.allSatisfy { $0 == UInt8(ascii: "c") })
    }

    /// Pages of a range that this process has in its page table.
    private func mapped(_ start: UnsafeRawPointer, _ size: Int) throws -> Int {
        let page = sysconf(Int32(_SC_PAGESIZE))
        let table = open("/proc/self/pagemap", O_RDONLY)
        defer { close(table) }
        var entries = [UInt64](repeating: 0, count: size / page)
        let count = entries.withUnsafeMutableBytes {
            pread(table, $0.baseAddress, $0.count, off_t(Int(bitPattern: start) / page * 8))
        }
        try #require(count == entries.count * 8)
        return entries.filter { $0 >> 63 == 1 }.count
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
