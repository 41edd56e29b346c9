import Shared
import Testing

@testable import ConfigurationFixtures
@testable import ConfigurationParsing

@Suite("What is quoted of somebody's text") struct QuotedTextTests {
    @Test(
        "Nothing of it moves a cursor, begins a line or turns writing round",
        arguments: [
            ("a\u{1B}[2J\r\nb", "a [2J b"), ("a\u{202E}b\u{2066}c", "a b c"), ("a \u{2028}\u{200F} b", "a b"),
            ("größe", "größe"),
        ])
    func marks(text: String, quoted: String) {
        #expect(Redaction.quote(text) == quoted)
        #expect(!Redaction.quote(text).hasControls)
    }

    @Test(
        "It is short, also where one character has any number of bytes",
        arguments: ["x", "a\u{301}", "\u{1F468}\u{200D}", "\u{301}"])
    func length(part: String) {
        let quoted = Redaction.quote(String(repeating: part, count: 100_000), limit: 40)
        #expect(quoted.count <= 40 && quoted.utf8.count <= 160)
        let one = Redaction.quote("a" + String(repeating: "\u{301}", count: 100_000), limit: 40)
        #expect(one.utf8.count <= 160)
    }

    @Test("Passwords are looked for in time that grows with the text", arguments: ["@", "@sha", "@ sha", "a@SHA256:"])
    func credentials(part: String) {
        let text = String(repeating: part, count: 20_000)
        #expect(Redaction.quote(text).utf8.count <= 480)
        #expect(Redaction.quote("user:hunter2@" + text + "@r.example/x").contains("hunter2") == false)
        #expect(decide(["IMAGES": "a=" + text]).isRejected)
        #expect(throws: PrefetchFault.self) { try PrefetchOrder(references: [text]) }
    }
}
