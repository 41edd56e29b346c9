import Foundation

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

    /// - Parameter output: a file that takes its standard output, instead of the answer.
    static func coordinator(
        _ arguments: [String], output file: String? = nil
    ) async throws -> (status: Int32, output: String, errors: String) {
        try await run("coordinator", arguments, output: file)
    }

    /// Runs a program to its end.
    static func run(
        _ name: String, _ arguments: [String], output file: String? = nil
    ) async throws -> (status: Int32, output: String, errors: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try path(name))
        process.arguments = arguments
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        if let file { process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: file)) }
        process.standardError = errors
        try process.run()
        if file != nil { try output.fileHandleForWriting.close() }
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
