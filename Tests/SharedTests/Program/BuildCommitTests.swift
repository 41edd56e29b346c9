import Foundation
import Testing

@testable import Shared

@Suite struct BuildCommitTests {
    @Test(
        arguments: [
            ("4f2a91c03d5e\n", "4f2a91c03d5e"), ("4f2a91c03d5e-dirty", "4f2a91c03d5e-dirty"),
            ("unknown\nmore", "unknown"),
            ("", nil), ("\n", nil), ("two words\n", nil), ("\u{1B}[31mred\n", nil),
        ] as [(String, String?)])
    func onlyWhatCanBeACommitIsRead(_ content: String, _ commit: String?) throws {
        let path = NSTemporaryDirectory() + "commit-\(UUID().uuidString)"
        try Data(content.utf8).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(BuildCommit.read(path) == commit)
    }

    @Test func outsideOfAnImageItIsUnknown() {
        #expect(BuildCommit.read("/nowhere/commit") == nil)
        #expect(BuildCommit.version("coordinator", "1.2.3") == "coordinator 1.2.3 (commit unknown)")
    }
}
