import Foundation
import Testing

@testable import Coordinator
@testable import HistoryFixtures
@testable import ServerFixtures
@testable import TestBasics

@Suite("On a terminal") struct TerminalTests {
    @Test(
        "An empty NO_COLOR asks for nothing (no-color.org), of config check too",
        arguments: [(nil, true), ("", true), ("1", false)] as [(String?, Bool)])
    func colour(refusal: String?, isColoured: Bool) async throws {
        let folder = try HistoryFolder()
        let file = folder.path + "/map.yaml"
        let text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: m}, data: {IMAGES: \"web=nginx\"}}"
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        let terminal = try PseudoTerminal()
        let process = try Self.process(["config", "check", file], on: terminal, refusal)
        #expect(await soon { terminal.read().contains("good") && !process.isRunning })
        #expect(terminal.read().contains("\u{1B}[") == isColoured)
        withExtendedLifetime(folder) {}
    }

    @Test("coverage --watch draws a screen that its terminal can show", .timeLimit(.minutes(2)))
    func watch() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start(images: ["web=nginx"], nodes: (1...100).map { "n\($0)" })
            let terminal = try PseudoTerminal()
            terminal.resize(rows: 24, columns: 80)
            let process = try Self.process(
                ["coverage", "--by", "node", "--watch", "--server", coordinator.local], on: terminal, "1")
            defer { process.terminate() }
            // The second one begins when the first is over.
            #expect(await soon { terminal.read().components(separatedBy: WatchScreen.cleared).count > 2 })
            let screen = terminal.read().components(separatedBy: WatchScreen.cleared)[1]
            let lines = screen.components(separatedBy: "\r\n")
            #expect(lines.count <= 24 && lines.allSatisfy { $0.count <= 80 }, "\(lines)")
            #expect(lines.first?.hasSuffix("Z") ?? false, "RFC 3339: \(lines)")
            #expect(lines.dropFirst().first?.hasPrefix("coverage 0.0 %") ?? false, "\(lines)")
        }
    }

    private static func process(
        _ arguments: [String], on terminal: PseudoTerminal, _ refusal: String?
    ) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try BuiltProgram.path("coordinator"))
        process.arguments = arguments
        var environment = ProcessInfo.processInfo.environment
        environment["TERM"] = "xterm"
        environment["NO_COLOR"] = refusal
        process.environment = environment
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: terminal.path))
        try process.run()
        return process
    }
}
