import Shared
import Testing

@testable import ControlFixtures
@testable import Coordinator
@testable import Formatting
@testable import Reporting

@Suite("The screen of coverage --watch") struct WatchScreenTests {
    private static let time = "2026-11-23T01:02:03Z"

    @Test("It has the time, and no more lines than the terminal", arguments: [24, 40, 5])
    func fits(rows: Int) throws {
        var desk = try SnapshotDesk(["web=nginx"], nodes: 300)
        for number in 1...300 { desk.report("n\(number)") { $0.full.images = [] } }
        let lines = desk.coverage(.node).table(TextStyle(isColoured: false), width: 80, all: false)
        let screen = WatchScreen.fitted(lines, time: Self.time, rows: rows)
        #expect(screen.count < rows && !screen.contains { $0.contains("\n") })
        #expect(screen.allSatisfy { $0.count <= 80 }, "\(screen)")
        #expect(screen.first == "2026-11-23T01:02:03Z")
        #expect(screen.contains { $0.hasPrefix("coverage 0.0 %: ") })
        guard rows < 40 else { return }
        let shown = screen.count - 2
        let all = lines.joined(separator: "\n").split(separator: "\n", omittingEmptySubsequences: false).count
        let hidden = screen.last.flatMap { Int($0.dropFirst(4).prefix { $0.isNumber }) } ?? 0
        #expect((all - 2...all).contains(shown + hidden), "\(all) lines: \(screen)")
    }

    @Test("What fits is shown whole")
    func whole() {
        let lines = ["a", "b\nc\n"]
        #expect(WatchScreen.fitted(lines, time: Self.time, rows: 24) == ["2026-11-23T01:02:03Z", "a", "b", "c"])
    }
}
