import ArgumentParser
import Cluster
import Formatting
import Planning
import Reporting

/// A question that is asked again and again, until somebody interrupts: `--watch`.
///
/// A terminal shows the newest answer. Anything else is a stream: there an answer is written when it differs from the last
/// one in more than times and ages, and in CSV with its moment as the first column.
struct WatchLoop<Report: Answer> {
    let print: PrintOptions
    /// The moment of an answer, RFC 3339.
    let time: (Report) -> String
    let fetch: () async throws -> Report
    let table: (Report, TextStyle, _ width: Int?) -> [String]

    init(
        print: PrintOptions, time: @escaping (Report) -> String, fetch: @escaping () async throws -> Report,
        table: @escaping (Report, TextStyle, _ width: Int?) -> [String]
    ) {
        self.print = print
        self.time = time
        self.fetch = fetch
        self.table = table
    }

    /// - Throws: what is no matter of waiting: an option that the coordinator refuses, an output that can't be written.
    func run() async throws {
        var last: Report?
        var isFirst = true
        while true {
            do {
                let report = try await fetch()
                if print.output.isForPeople, Terminal.isTerminal {
                    try draw(table(report, Terminal.style, Terminal.width), at: time(report))
                } else if last?.timeless != report.timeless {
                    try StandardOutput.write(lines: try lines(report, isFirst: isFirst))
                    isFirst = false
                }
                last = report
            } catch let error as ServerError {
                guard error.mayPass, error.exitStatus != .failure else { throw error }
                if print.output.isForPeople, Terminal.isTerminal {
                    let lines = wrapped("error: \(error)", width: Terminal.width, indent: "  ")
                    try draw(lines, at: Timestamp.wallClock.rfc3339)
                } else {
                    StandardError.complain("\(error)")
                }
            }
            try await Task.sleep(for: .seconds(2))
        }
    }

    private func lines(_ report: Report, isFirst: Bool) throws -> [String] {
        switch print.output {
        case .csv:
            let lines = zip(report.csv.indices, report.csv).map { ($0 == 0 ? "at" : time(report)) + ",\($1)" }
            return isFirst ? lines : Array(lines.dropFirst())
        case .yaml: return (isFirst ? [] : ["---"]) + [try print.text(report)]
        case .json, .name: return [try print.text(report)]
        case .table, .wide: return table(report, Terminal.style, print.isWide ? nil : Terminal.width)
        }
    }

    /// - Parameter time: the lines' moment, RFC 3339.
    private func draw(_ lines: [String], at time: String) throws {
        let screen = WatchScreen.fitted(lines, time: time, rows: Terminal.rows)
        // In one piece: a cleared screen that waits for its lines flickers.
        try StandardOutput.write(WatchScreen.cleared + screen.map { $0 + "\n" }.joined())
    }
}
