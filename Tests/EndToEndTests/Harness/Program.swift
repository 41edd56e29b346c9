import Foundation

/// The programs of the product, where the build put them: beside the test bundle.
enum Program: String {
    case coordinator
    case agent = "node-agent"
    case simulator = "cluster-simulator"

    var url: URL {
        URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent(rawValue)
    }
}

/// A program that runs beside the test, with its output in files.
final class RunningProgram {
    let process = Process()
    let output: URL
    let errors: URL

    init(_ program: Program, _ arguments: [String], folder: URL, name: String? = nil) throws {
        let name = name ?? program.rawValue
        output = folder.appendingPathComponent("\(name).out")
        errors = folder.appendingPathComponent("\(name).log")
        for file in [output, errors] { try Data().write(to: file) }
        process.executableURL = program.url
        process.arguments = arguments
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    var log: String { (try? String(contentsOf: errors, encoding: .utf8)) ?? "" }
    var text: String { (try? String(contentsOf: output, encoding: .utf8)) ?? "" }

    /// SIGTERM, and the exit status once it has ended.
    func stop() async throws -> Int32 {
        process.terminate()
        try await eventually("\(process.executableURL?.lastPathComponent ?? "") ends after SIGTERM", within: 20) {
            !self.process.isRunning
        }
        return process.terminationStatus
    }

    /// SIGKILL.
    func kill() {
        guard process.isRunning else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Runs a program to its end.
    static func run(_ program: Program, _ arguments: [String]) async throws -> (status: Int32, output: String) {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("run-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let running = try RunningProgram(program, arguments, folder: folder)
        defer { running.kill() }
        try await eventually("\(program.rawValue) \(arguments.joined(separator: " ")) ends", within: 120) {
            !running.process.isRunning
        }
        return (running.process.terminationStatus, running.text + running.log)
    }
}

/// What a condition was waited for in vain.
struct NeverHappened: Error, CustomStringConvertible {
    var description: String
}

/// Waits until something holds, looking again and again; the limit is generous, since machines are busy.
func eventually(
    _ what: String, within seconds: Double = 60, _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    var lastError: (any Error)?
    while ContinuousClock.now < deadline {
        do {
            if try await condition() { return }
            lastError = nil
        } catch {
            lastError = error
        }
        try await Task.sleep(for: .milliseconds(100))
    }
    throw NeverHappened(description: "\(what): not within \(seconds) s \(lastError.map { "(\($0))" } ?? "")")
}
