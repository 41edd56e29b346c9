import Subprocess

/// Runs a tool of the machine to its end.
public enum Tool {
    /// Returns what the tool wrote to its standard output.
    ///
    /// - Throws: ``RealRuntimeError`` with the tool's own words when it is missing or fails.
    @discardableResult
    public static func run(_ name: String, _ arguments: String...) async throws -> String {
        try await run(name, arguments: arguments)
    }

    @discardableResult
    public static func run(_ name: String, arguments: [String]) async throws -> String {
        // A path goes through env, which takes names and paths alike.
        let isPath = name.contains("/")
        let result = try await Subprocess.run(
            .name(isPath ? "env" : name), arguments: .init(isPath ? [name] + arguments : arguments),
            output: .string(limit: 4 << 20), error: .string(limit: 1 << 20))
        guard result.terminationStatus.isSuccess else {
            throw RealRuntimeError(
                "\(name) \(arguments.joined(separator: " ")): \(result.terminationStatus) \(result.standardError)"
            )
        }
        return result.standardOutput
    }
}
