import Foundation
import Planning
import Shared
import SwiftProtobuf
import Testing

@testable import Coordinator

/// The built programs, beside the one that runs the tests.
enum BuiltProgram {
    static func path(_ name: String) throws -> String {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return String(own[..<(own.lastIndex(of: "/") ?? own.endIndex)]) + "/" + name
    }

    /// Runs `coordinator` to its end.
    static func coordinator(_ arguments: String...) async throws -> (status: Int32, output: String, errors: String) {
        try await coordinator(arguments)
    }

    static func coordinator(_ arguments: [String]) async throws -> (status: Int32, output: String, errors: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try path("coordinator"))
        process.arguments = arguments
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                process.waitUntilExit()
                continuation.resume(returning: (process.terminationStatus, text, complaint))
            }
        }
    }
}

@Suite("Exit statuses of the built program") struct ExitStatusTests {
    @Test("coverage: 0 at the bar, 1 below it, in every format")
    func coverage() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start(images: ["web=nginx", "db=redis"])
            try await coordinator.stage.send("n1", 1) { $0.full.images = [.listed("nginx")] }
            let server = coordinator.local
            let plain = try await BuiltProgram.coordinator("coverage", "--server", server)
            #expect(plain.status == 0)
            #expect(plain.output.contains("coverage 50.0 %"))
            let reached = try await BuiltProgram.coordinator("coverage", "--server", server, "--min", "50")
            #expect(reached.status == 0)
            let below = try await BuiltProgram.coordinator(
                "coverage", "--server", server, "--min", "51", "--output", "csv", "--by", "node")
            #expect(below.status == 1)
            #expect(below.output.hasPrefix("node,reference,cells,"))
            #expect(below.errors.isEmpty)
            let json = try await BuiltProgram.coordinator("coverage", "--server", server, "--output", "json")
            let report = try JSONDecoder().decode(CoverageReport.self, from: Data(json.output.utf8))
            #expect(report.total.percent == 50)
        }
    }

    @Test("coverage: 3 when there is no answer, or none yet, with the reason and a next step")
    func noAnswer() async throws {
        let none = try await BuiltProgram.coordinator("coverage", "--server", "http://127.0.0.1:1")
        #expect(none.status == 3)
        #expect(none.output.isEmpty)
        #expect(none.errors.hasPrefix("error: no answer from the coordinator at http://127.0.0.1:1:"))
        #expect(none.errors.contains("--server"))
        try await LiveCoordinator.run { coordinator in
            let early = try await BuiltProgram.coordinator("coverage", "--server", coordinator.local)
            #expect(early.status == 3)
            #expect(early.errors.contains("/api/v1/configuration"))
        }
    }

    @Test(
        "64 for wrong options, of every subcommand",
        arguments: [
            ["coverage", "--by", "pod"], ["coverage", "--min", "101"], ["coverage", "--timeout", "5"],
            ["coverage", "--output", "xml"], ["config", "check"], ["config", "check", "--output", "csv", "x"],
            ["serve", "--port", "x"], ["serve", "--external-url", "images.example.com"], ["nonsense"],
        ])
    func usage(arguments: [String]) async throws {
        let result = try await BuiltProgram.coordinator(arguments)
        #expect(result.status == 64)
        #expect(result.errors.contains("Usage:") || result.errors.contains("--help"))
    }

    @Test("config check: 2 for a file that can't be read; the help says what each status means")
    func files() async throws {
        let missing = try await BuiltProgram.coordinator("config", "check", "/nonexistent/file")
        #expect(missing.status == 2)
        for command in [["coverage", "--help"], ["config", "check", "--help"]] {
            let help = try await BuiltProgram.coordinator(command)
            #expect(help.status == 0)
            #expect(help.output.contains("Exit status:") && help.output.contains("64"))
        }
    }

    @Test("serve ends with an error when its port is taken, instead of hanging")
    func portTaken() async throws {
        try await LiveCoordinator.run { coordinator in
            let port = coordinator.local.split(separator: ":").last.map(String.init) ?? ""
            let folder = try HistoryFolder()
            let config = folder.path + "/kubeconfig"
            let text = """
                apiVersion: v1
                kind: Config
                clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
                users: [{name: u, user: {}}]
                contexts: [{name: x, context: {cluster: c, user: u}}]
                current-context: x
                """
            try Data(text.utf8).write(to: URL(fileURLWithPath: config))
            let result = try await BuiltProgram.coordinator(
                "serve", "--kubeconfig", config, "--agent-port", port, "--port", "0", "--agent-host", "127.0.0.1",
                "--history", folder.database)
            #expect(result.status == 1)
            #expect(result.errors.contains("127.0.0.1:\(port)"))
            #expect(result.errors.contains("--agent-port"))
            withExtendedLifetime(folder) {}
        }
    }
}
