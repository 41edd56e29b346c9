import Foundation
import Logging
import Synchronization
import Testing

@testable import Shared

@Suite("Log lines") struct LineLogHandlerTests {
    private final class Lines: Sendable {
        let lines = Mutex<[String]>([])
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    private static func lines(_ format: LogFormat, _ body: (Logger) -> Void) -> [String] {
        let book = Lines()
        body(Logger(label: "test") { _ in LineLogHandler(level: .info, format: format) { book.add($0) } })
        return book.lines.withLock { $0 }
    }

    @Test("In text the message stands first, and values are quoted where a reader couldn't tell their end")
    func text() throws {
        let lines = Self.lines(.text) {
            $0.warning("a pull failed", metadata: ["node": "node-1", "message": "not found: \"x\"", "empty": ""])
            $0.debug("nobody hears this")
        }
        #expect(lines.count == 1)
        let line = try #require(lines.first)
        #expect(
            line.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z warning a pull failed .*\n/) != nil, "\(line)")
        #expect(line.hasSuffix(#" warning a pull failed empty="" message="not found: \"x\"" node=node-1"# + "\n"))
    }

    @Test("In JSON each line is an object, whatever is in the values")
    func json() throws {
        let wild = "a\nb\r\t\u{1B}[31m\u{202E}\"\\ \u{7F} \u{2028} é 😀 \u{0}"
        let lines = Self.lines(.json) {
            $0.error("\(wild)", metadata: ["reference": "\(wild)", "level": "mine", "list": ["a", "b c"]])
        }
        #expect(lines.count == 1 && lines[0].split(separator: "\n").count == 1)
        let object = try JSONDecoder().decode([String: String].self, from: Data(lines[0].utf8))
        #expect(object["message"] == wild && object["reference"] == wild)
        #expect(object["level"] == "error" && object["level_"] == "mine")
        #expect(object["time"]?.hasSuffix("Z") == true)
    }

    @Test("Nothing from outside makes a second line, or moves a terminal's cursor", arguments: LogFormat.allCases)
    func oneLine(_ format: LogFormat) {
        for value in (0..<0xA0 as Range<UInt32>).compactMap(Unicode.Scalar.init) {
            let lines = Self.lines(format) { $0.info("m\(Character(value))", metadata: ["k": "v\(Character(value))v"]) }
            let inner = lines.first?.dropLast() ?? ""
            #expect(
                lines.count == 1
                    && inner.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value) })
        }
    }

    @Test("A logger's own values go with each of its lines")
    func values() {
        let lines = Self.lines(.text) {
            var logger = $0
            logger[metadataKey: "pod"] = "p-1"
            logger.notice("begins")
            logger.notice("ends", metadata: ["pod": "p-2"])
        }
        #expect(
            lines.map { $0.split(separator: " ", maxSplits: 1).last } == [
                "notice begins pod=p-1\n", "notice ends pod=p-2\n",
            ])
    }
}
