import Foundation
import Shared
import Testing

@testable import NodeAgent

@Suite struct ImageFilesystemTests {
    @Test func aPathIsAsked() throws {
        let filesystem = try #require(ImageFilesystem.measure("/"))
        #expect(filesystem.capacityBytes > 0 && filesystem.freeBytes <= filesystem.capacityBytes)
        #expect(ImageFilesystem.measure("/no/such/path") == nil)
    }

    @Test func aFileSaysItself() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/disk"
        func measure(_ text: String) throws -> [UInt64]? {
            try Data(text.utf8).write(to: URL(filePath: path))
            return ImageFilesystem.measure(path).map { [$0.capacityBytes, $0.freeBytes] }
        }
        #expect(try measure("1000 200\n") == [1000, 200])
        #expect(try measure("1000 0") == [1000, 0])
        for bad in ["", "1000", "1000 2000", "a b", "-1 -2", "1 2 3", String(repeating: "1 ", count: 1000)] {
            #expect(try measure(bad) == nil, "\(bad.prefix(20))")
        }
    }
}
