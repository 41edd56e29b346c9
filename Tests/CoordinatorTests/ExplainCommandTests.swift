import Foundation
import Testing
@testable import Coordinator
@testable import Formatting
@testable import Reporting
@testable import TestBasics

@Suite("coordinator explain") struct ExplainCommandTests {
    private static let message =
        #"Failed to pull image "r.example.com/a:1": rpc error: code = NotFound desc = failed to pull and unpack image "#
        + #""r.example.com/a:1": failed to resolve reference "r.example.com/a:1": r.example.com/a:1: not found"#

    private func withFile<Result>(_ bytes: [UInt8], _ body: (String) async throws -> Result) async throws -> Result {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("explain-\(UUID().uuidString)").path
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try await body(path)
    }

    private func explained(_ json: some StringProtocol) throws -> Explanation {
        try JSONDecoder().decode(Explanation.self, from: Data(json.utf8))
    }

    @Test("tells a message in every format, without a cluster")
    func formats() async throws {
        let table = try await BuiltProgram.coordinator("explain", Self.message)
        #expect(table.status == 0, "\(table.errors)")
        #expect(table.output.hasPrefix("notFound\n"))
        #expect(table.output.contains("\n  stage      resolve\n"))
        #expect(table.output.contains("\n  to blame   reference, or node, or registry, or credentials\n"))
        #expect(table.output.contains("\n  next step  reference: check the reference"))
        let json = try await BuiltProgram.coordinator("explain", Self.message, "-o", "json")
        let known = try explained(json.output)
        #expect(known.reason == "notFound")
        #expect(known.stage == "resolve")
        #expect(known.blames == ["reference", "node", "registry", "credentials"])
        #expect(known.permanent)
        #expect(known.nextStep == known.nextSteps.first?.step)
        #expect(known.message == Self.message)
        let csv = try await BuiltProgram.coordinator("explain", Self.message, "-o", "csv")
        #expect(csv.output.hasPrefix("reason,stage,blames,permanent,next_step,mirror,retry,message\nnotFound,resolve,"))
    }

    @Test("a file has a message a line, and each gets its answer in its place")
    func file() async throws {
        let lines = [
            "429 Too Many Requests", "", "\u{1B}[31mno space left on device\u{7}", "\"; rm -rf /; \"", "镜像不存在",
            String(repeating: "x", count: 1 << 20), "manifest unknown\r",
        ]
        var bytes = Array(lines.joined(separator: "\n").utf8)
        bytes += [0x0A] + (UInt8(0x80)...0xFF).map { $0 } + [0, 1, 2]
        try await withFile(bytes) { path in
            let json = try await BuiltProgram.coordinator("explain", "--file", path, "-o", "json")
            #expect(json.status == 0, "\(json.errors)")
            let answers = try json.output.split(separator: "\n").map { try explained($0) }
            #expect(
                answers.map(\.reason) == [
                    "rateLimited", "unknown", "diskFull", "unknown", "unknown", "unknown", "notFound", "unknown",
                ])
            #expect(answers.allSatisfy { !$0.nextStep.isEmpty })
            // What a terminal would obey is gone, in every format.
            for format in ["json", "csv", "table"] {
                let output = try await BuiltProgram.coordinator("explain", "--file", path, "-o", format).output
                #expect(
                    output.unicodeScalars.allSatisfy {
                        $0 == "\n" || !["\u{7F}"].contains($0) && $0.value >= 0x20 && !(0x80...0x9F).contains($0.value)
                    }, "\(format)")
            }
        }
    }

    @Test("unknown is an answer; a file that isn't there is an error")
    func ends() async throws {
        let empty = try await BuiltProgram.coordinator("explain", "", "-o", "json")
        #expect(empty.status == 0)
        #expect(try explained(empty.output).reason == "unknown")
        let nothing = try await withFile([]) {
            try await BuiltProgram.coordinator("explain", "--file", $0, "-o", "json")
        }
        #expect(nothing.status == 0)
        #expect(nothing.output.isEmpty)
        let absent = try await BuiltProgram.coordinator("explain", "--file", "/nowhere/at/all")
        #expect(absent.status == 2)
        #expect(absent.errors.contains("/nowhere/at/all"))
        let both = try await BuiltProgram.coordinator("explain", "a", "--file", "b")
        #expect(both.status == 64)
    }

    /// What is printed of anybody's text can't steer a terminal.
    @Test func printableTextIsHarmless() {
        #expect("a\u{1B}[2Jb".printable == "a [2Jb")
        #expect("a\u{9B}2Jb\u{202E}c\u{2028}d".printable == "a 2Jb c d")
        #expect("Zürich 镜像 e\u{301}".printable == "Zürich 镜像 e\u{301}")
        #expect("".printable == "")
        #expect(CSV.line(["a\u{1B}]0;x\u{7}", "b\nc", "é\u{9B}"]) == "a ]0;x,\"b\nc\",é")
    }
}
