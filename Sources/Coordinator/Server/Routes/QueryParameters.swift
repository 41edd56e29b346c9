import Cluster
import ConfigurationParsing
import Formatting
import HTTPListener
import History
import Hummingbird
import Planning
import Reporting

/// The query of a request, read strictly: what can't be read is told, not ignored.
struct QueryParameters: Sendable {
    private let values: [String: String]
    /// By the coordinator's clock: ages are counted from here.
    let now: Timestamp

    init(_ request: Request, now: Timestamp) {
        var values: [String: String] = [:]
        for (name, value) in request.uri.queryParameters where values[String(name)] == nil {
            values[String(name)] = String(value)
        }
        self.values = values
        self.now = now
    }

    /// As it is; nil when it's missing.
    subscript(name: String) -> String? { values[name] }

    /// Nil when it's missing.
    func text(_ name: String, maximumBytes: Int = 1000) throws -> String? {
        guard let text = values[name] else { return nil }
        guard !text.isEmpty else { throw Self.unreadable(name, "It is empty.") }
        // What a database or a terminal would choke on is no name of anything.
        guard text.utf8.count <= maximumBytes, !text.unicodeScalars.contains(where: { $0.value < 0x20 }) else {
            throw Self.unreadable(name, "It has control characters, or more than \(maximumBytes) bytes.")
        }
        return text
    }

    func integer(_ name: String, in range: ClosedRange<Int>, default preset: Int) throws -> Int {
        guard let text = values[name] else { return preset }
        guard let number = Int(text), range.contains(number) else {
            throw Self.problem(name, text, takes: "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func moment(_ name: String) throws -> Timestamp? {
        guard let text = values[name] else { return nil }
        // Forms write a space as a plus sign, which an offset has too.
        let spaced = text.replacing("+", with: " ")
        guard let moment = MomentText.moment(text, now: now) ?? MomentText.moment(spaced, now: now) else {
            throw Self.problem(name, text, takes: MomentText.momentHelp)
        }
        return moment
    }

    /// Seconds.
    func span(_ name: String, default preset: Double) throws -> Double {
        guard let text = values[name] else { return preset }
        guard let seconds = MomentText.seconds(text), seconds >= 1 else {
            throw Self.problem(name, text, takes: "\(MomentText.spanHelp), of a second at least")
        }
        return seconds
    }

    func flag(_ name: String, default preset: Bool = false) throws -> Bool {
        switch values[name] {
        case nil: return preset
        case "false": return false
        case "true": return true
        case let text?: throw Self.problem(name, text, takes: "true or false")
        }
    }

    func selector() throws -> LabelFilter? {
        guard let text = try text("selector") else { return nil }
        guard let selector = LabelFilter(text) else { throw Self.problem("selector", text, takes: LabelFilter.help) }
        return selector
    }

    /// The image set that alone is meant; nil: all of them.
    func set() throws -> String? { try text("set", maximumBytes: 253) }

    func cursor(_ name: String = "cursor") throws -> HistoryCursor? {
        guard let text = values[name] else { return nil }
        guard let cursor = HistoryCursor(text) else {
            throw Self.problem(name, text, takes: "the nextCursor of an answer to the same question")
        }
        return cursor
    }

    /// - Throws: ``ProblemDocument`` when a time range is one backwards: its answer would look as if nothing had happened.
    static func checkOrder(_ since: Timestamp, _ until: Timestamp) throws {
        guard since <= until else {
            throw ProblemDocument(
                .badRequest, "range-backwards", title: "The time range ends before it begins",
                detail: "since is \(since.rfc3339), until is \(until.rfc3339).")
        }
    }

    /// - Parameter value: what can't be read, of the parameter's value.
    static func problem(_ name: String, _ value: some StringProtocol, takes: String) -> ProblemDocument {
        unreadable(name, "It takes \(takes), not \"\(Redaction.quote(value))\".")
    }

    private static func unreadable(_ name: String, _ detail: String) -> ProblemDocument {
        ProblemDocument(
            .badRequest, "parameter-invalid", title: "The parameter \(name) can't be read", detail: detail)
    }
}
