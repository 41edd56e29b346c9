import FoundationEssentials
import Shared
import Testing

/// Nothing of an answer is a command to whoever shows it.
extension LiveCoordinator {
    /// Asks, as JSON and where there is one as a table for spreadsheets: no text has a control character, and no cell is computed.
    func expectClean(
        _ question: String, _ what: @autoclosure () -> String = "", _ location: SourceLocation = #_sourceLocation
    ) async throws {
        let json = try await get("\(local)/api/v1/\(question)")
        guard json.status == 200 else { return }
        let document = try JSONDecoder().decode(JSONValue.self, from: Data(json.body))
        if let text = document.texts.first(where: \.hasControls) {
            Issue.record("\(question) says \(text.debugDescription.prefix(200)): \(what())", sourceLocation: location)
        }
        var request = HTTPRequest("GET", "\(local)/api/v1/\(question)", headers: ["Accept": "text/csv"])
        request.timeouts.total = .seconds(60)
        let table = try await client.send(request)
        guard table.status == 200 else { return }
        for cell in Self.cells(String(decoding: table.body, as: UTF8.self)) {
            let isComputed = "=+-@\t\r".contains(cell.prefix(1)) && !cell.isEmpty && Double(cell) == nil
            if isComputed || cell.replacing("\n", with: "").hasControls {
                let shown = cell.debugDescription.prefix(200)
                Issue.record("\(question) has the cell \(shown): \(what())", sourceLocation: location)
            }
        }
    }

    /// The fields of a table of RFC 4180.
    private static func cells(_ text: String) -> [String] {
        var cells: [String] = []
        var cell = String.UnicodeScalarView()
        var isQuoted = false
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": isQuoted.toggle()
            case "," where !isQuoted, "\n" where !isQuoted:
                if cell.last == "\r" { cell.removeLast() }
                cells.append(String(cell))
                cell = String.UnicodeScalarView()
            default: cell.append(scalar)
            }
        }
        return cells
    }
}

extension JSONValue {
    /// All texts in it, names of members too.
    fileprivate var texts: [String] {
        switch self {
        case .string(let text): [text]
        case .array(let values): values.flatMap(\.texts)
        case .object(let members): members.flatMap { [$0.key] + $0.value.texts }
        default: []
        }
    }
}
