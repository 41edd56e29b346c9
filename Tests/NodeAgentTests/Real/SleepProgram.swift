import RealRuntime

/// `sleep`, built by the line in its own source.
enum SleepProgram {
    static func build(on machine: RealMachine) async throws -> String {
        let root = #filePath.replacing("Tests/NodeAgentTests/Real/SleepProgram.swift", with: "")
        let source = root + "Sources/Sleep/sleep.c"
        guard let line = try TextFile.read(source).split(separator: "\n").first(where: { $0.hasPrefix("//   cc ") })
        else { throw RealRuntimeError("\(source) doesn't say how it's built") }
        let program = machine.directory + "/sleep"
        var command = String(line.dropFirst("//   ".count))
            .replacing("-o sleep sleep.c", with: "-o \(program) \(source)")
        #if arch(arm64)
            command = command.replacing("-fcf-protection=none", with: "")
        #endif
        try await Tool.run("sh", "-c", command)
        return program
    }
}
