import FuzzTargets
import Testing

@testable import TestBasics

/// What the bounds of a report promise of the memory, measured in processes of their own.
@Suite("Memory for what agents send") struct ReportMemoryTests {
    /// What the allocator keeps besides, and pages of code, which the kernel may have dropped meanwhile.
    private static let slack = 1 << 20

    @Test("Reading a report takes no more than four times its body", arguments: ReportMemory.kinds)
    func report(_ kind: String) async throws {
        let (body, peak) = try await Self.measure(kind)
        #expect(peak <= 4 * body + Self.slack, "\(Double(peak) / Double(body)) times the body")
    }

    @Test("A node is known in no more than 8 MiB")
    func node() async throws {
        let (_, kept) = try await Self.measure("node")
        #expect(kept > 1 << 20 && kept <= 8 << 20, "\(kept) bytes")
    }

    private static func measure(_ kind: String) async throws -> (body: Int, peak: Int) {
        let (status, output, _) = try await BuiltProgram.run("fuzz", ["--memory", kind])
        try #require(status == 0)
        let words = output.split(separator: " ")
        return (try #require(Int(words[1])), try #require(Int(words[2])))
    }
}
