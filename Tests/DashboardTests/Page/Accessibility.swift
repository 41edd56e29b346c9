import Foundation
import Shared
import Testing
import WebDriver

/// axe-core, which looks for what people with assistive technology would stumble over.
enum Accessibility {
    private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../..").standardizedFileURL

    /// Its script; downloaded by `scripts/axe` when it isn't there. Nil where there's no network, unless under `CI`.
    private static func script() throws -> String? {
        let process = Process()
        process.executableURL = repository.appendingPathComponent("scripts/axe")
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        let tools = repository.appendingPathComponent(".build/tools")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: tools.path)) ?? []
        guard let name = names.first(where: { $0.hasPrefix("axe-") && $0.hasSuffix(".js") }) else {
            if ProcessInfo.processInfo.environment["CI"] == "true" { throw BrowserError("scripts/axe failed") }
            return nil
        }
        return try String(contentsOf: tools.appendingPathComponent(name), encoding: .utf8)
    }

    /// Expects the page as it stands to have no finding.
    static func check(_ browser: Browser, _ what: String, _ location: SourceLocation = #_sourceLocation) async throws {
        guard let script = try script() else { return }
        // WebDriver's scripts aren't the page's: the page's policy doesn't forbid them.
        try await browser.run(script + "; window.axe = axe")
        let findings = try await browser.run(
            """
            return window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] })
              .then(({ violations }) => violations.map(({ id, help, nodes }) =>
                `${id}: ${help}: ${nodes.slice(0, 4).map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`))
            """)
        #expect(findings == .array([]), "\(what): \(findings)", sourceLocation: location)
    }
}
