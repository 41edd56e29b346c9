import Foundation

/// Debian's chromedriver, on a free port.
final class ChromeDriver: @unchecked Sendable {
    // The process is started in `init` and ended in `end`; nothing else touches it.
    private let process = Process()
    private let output: URL
    let address: String

    static let path = "/usr/bin/chromedriver"

    init() async throws {
        output = FileManager.default.temporaryDirectory.appendingPathComponent("chromedriver-\(UUID().uuidString).out")
        try Data().write(to: output)
        process.executableURL = URL(fileURLWithPath: Self.path)
        process.arguments = ["--port=0"]
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let started = "started successfully on port "
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            let text = (try? String(contentsOf: output, encoding: .utf8)) ?? ""
            if let range = text.range(of: started) {
                address = "http://127.0.0.1:\(text[range.upperBound...].prefix { $0.isNumber })"
                return
            }
            guard process.isRunning, ContinuousClock.now < deadline else {
                kill(process.processIdentifier, SIGKILL)
                throw BrowserError("chromedriver doesn't start: \(text)")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Its browser has ended by then.
    func end() {
        // Children of a test have SIGTERM blocked, as the test's own threads do.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: output)
    }
}

public struct BrowserError: Error, CustomStringConvertible {
    public var description: String

    public init(_ description: String) { self.description = description }
}
