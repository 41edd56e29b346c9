import Glibc
import Testing

@testable import Shared
@testable import TestBasics

@Suite struct MappedCodeTests {
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
        for _ in 0..<5 where try mapped(code, size) > 0 { MappedCode.giveBack() }
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
}
