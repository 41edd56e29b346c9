import Formatting

/// A check as text for people.
package struct ConfigCheckText {
    package var style = TextStyle(isColoured: false)
    /// The columns of the terminal; nil: lines may be as long as they are.
    var width: Int?
    /// Every key; else those that the file has and that aren't as without it.
    var all: Bool

    package init(style: TextStyle = TextStyle(isColoured: false), width: Int? = nil, all: Bool = false) {
        self.style = style
        self.width = width
        self.all = all
    }

    /// What is wrong comes first: what follows it may be longer than the screen.
    package func render(_ check: ConfigCheck) -> String {
        let all = [check] + check.sets
        return all.map { one in
            let earlier = one.replaced.map { render($0, place: " (line \($0.line))") + "\n" }.joined()
            return earlier + render(one, place: all.count == 1 && one.replaced.isEmpty ? "" : " (line \(one.line))")
        }.joined(separator: "\n")
    }

    private func render(_ check: ConfigCheck, place: String) -> String {
        var text = heading(check, place) + "\n\n"
        let remarks = check.findings.filter { $0.finding.severity == .info }
        let troubles = check.findings.filter { $0.finding.severity != .info }
        if !troubles.isEmpty { text += findings(troubles) + "\n" }
        text += keys(check)
        if !check.images.isEmpty { text += "\n" + images(check) }
        if !remarks.isEmpty { text += "\n" + findings(remarks) }
        return text + "\n" + verdict(check) + "\n"
    }

    private func heading(_ check: ConfigCheck, _ place: String) -> String {
        let set = check.imageSet.map { " of image set \(Redaction.quote($0, limit: 63))" } ?? ""
        let name = (check.name.map { " \($0)" } ?? "") + set + place
        let lines = wrapped(
            "\(check.file): \(check.kind.rawValue)\(name), for a coordinator in namespace \(check.namespace)",
            width: width, indent: "  ")
        return ([style.bold(lines[0])] + lines.dropFirst()).joined(separator: "\n")
    }

    private func keys(_ check: ConfigCheck) -> String {
        let shown = all ? check.keys : check.keys.filter { !$0.isDefault || !$0.isValid }
        let rows = shown.map { key in
            let mark = key.isValid ? (key.isDefault ? "default" : "") : "error"
            return [key.line.map(String.init) ?? "", key.key, key.value, mark, key.meaning]
        }
        let table = TextTable(
            header: ["LINE", word(check).uppercased(), "VALUE", "", "MEANING"], rows: rows, rightAligned: [0])
        let colour = { (row: [String], text: String) in
            switch row[3] {
            case "error": style.red(text)
            case "default": style.dim(text)
            default: text
            }
        }
        var text = rows.isEmpty ? "" : table.render(style, decorate: colour)
        let longest = text.split(separator: "\n").map(\.count).max() ?? 0
        if let width, longest > width {
            // A meaning that is cut says nothing: it gets lines of its own.
            let narrow = TextTable(
                header: Array(table.header.dropLast()), rows: rows.map { Array($0.dropLast()) }, rightAligned: [0])
            let meanings = rows.map { row in
                wrapped("        \(row[4])", width: width, indent: "        ").map { colour(row, $0) }
            }
            let lines = narrow.render(style, width: width, decorate: colour).split(separator: "\n")
            text = zip(lines, [[]] + meanings).flatMap { [String($0)] + $1 }.map { $0 + "\n" }.joined()
        }
        let hidden = check.keys.count - shown.count
        if hidden > 0 {
            let keys = counted(hidden, word(check))
            text += "\(rows.isEmpty ? "" : "... and ")\(keys) as without the file; --all shows them\n"
        }
        return text
    }

    private func word(_ check: ConfigCheck) -> String { check.kind == .puller ? "field" : "key" }

    private func images(_ check: ConfigCheck) -> String {
        let rows = check.images.map { image in
            [
                image.line.map(String.init) ?? "", image.name, Redaction.quote(image.reference),
                Redaction.quote(image.normalised, limit: 200), image.isMutable ? "" : "pinned",
            ]
        }
        return TextTable(header: ["LINE", "IMAGE", "REFERENCE", "NORMALISED", ""], rows: rows, rightAligned: [0])
            .render(style, width: width)
    }

    private func findings(_ findings: [ConfigCheck.LocatedFinding]) -> String {
        findings.map { located in
            let finding = located.finding
            let word = finding.severity.rawValue
            let label =
                switch finding.severity {
                case .error: style.red(word)
                case .warning: style.yellow(word)
                case .info: word
                }
            var place = located.line.map { "line \($0), " } ?? ""
            place += finding.key
            if let entry = finding.entry { place += ", entry \(entry.number) \"\(entry.text)\"" }
            if let position = finding.position, finding.entry == nil { place += ", \(position)" }
            let indent = String(repeating: " ", count: 9)
            var lines = [label + String(repeating: " ", count: 9 - word.count) + style.bold(place)]
            lines += wrapped(indent + finding.message, width: width, indent: indent)
            if let next = finding.nextStep {
                lines += wrapped("\(indent)→ \(next)", width: width, indent: indent + "  ")
            }
            return lines.map { $0 + "\n" }.joined()
        }.joined()
    }

    private func verdict(_ check: ConfigCheck) -> String {
        let errors = check.findings.count { $0.finding.severity == .error }
        let warnings = check.findings.count { $0.finding.severity == .warning }
        let also = warnings == 0 ? "" : ", \(counted(warnings, "warning"))"
        if check.isGoodAlone { return style.green("good") + also }
        if check.isAccepted, errors == 0 {
            let earlier = ": an earlier document of this \(check.kind.rawValue) has errors, and takes effect first"
            return style.red("bad") + also + earlier
        }
        let consequence =
            !check.isApplicable
            ? "the API server would refuse this file"
            : check.isAccepted
                ? "the entries named above would have no effect, the rest would"
                : "the coordinator would reject this edit and keep what it has"
        return style.red("bad") + ", \(counted(errors, "error"))\(also): \(consequence)"
    }
}
