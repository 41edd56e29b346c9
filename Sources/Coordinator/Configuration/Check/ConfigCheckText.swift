import Formatting

/// A check as text for people.
package struct ConfigCheckText {
    package var style = TextStyle(isColoured: false)

    package init(style: TextStyle = TextStyle(isColoured: false)) {
        self.style = style
    }

    package func render(_ check: ConfigCheck) -> String {
        var text = check.replaced.map { render($0, place: " (line \($0.line))") + "\n" }.joined()
        text += render(check, place: check.replaced.isEmpty ? "" : " (line \(check.line))")
        return text
    }

    private func render(_ check: ConfigCheck, place: String) -> String {
        var text = heading(check, place) + "\n\n" + keys(check)
        if !check.images.isEmpty { text += "\n" + images(check) }
        if !check.findings.isEmpty { text += "\n" + findings(check) }
        return text + "\n" + verdict(check) + "\n"
    }

    private func heading(_ check: ConfigCheck, _ place: String) -> String {
        let name = (check.name.map { " \($0)" } ?? "") + place
        return style.bold("\(check.file): ConfigMap\(name)") + ", for a coordinator in namespace \(check.namespace)"
    }

    private func keys(_ check: ConfigCheck) -> String {
        let rows = check.keys.map { key in
            let mark = key.isValid ? (key.isDefault ? "default" : "") : "error"
            return [key.line.map(String.init) ?? "", key.key, key.value, mark, key.meaning]
        }
        return TextTable(header: ["LINE", "KEY", "VALUE", "", "MEANING"], rows: rows, rightAligned: [0]).render(style) {
            row, line in
            switch row[3] {
            case "error": style.red(line)
            case "default": style.dim(line)
            default: line
            }
        }
    }

    private func images(_ check: ConfigCheck) -> String {
        let rows = check.images.map { image in
            [
                image.line.map(String.init) ?? "", image.name, Redaction.quote(image.reference),
                Redaction.quote(image.normalised, limit: 200), image.isMutable ? "" : "pinned",
            ]
        }
        return TextTable(header: ["LINE", "IMAGE", "REFERENCE", "NORMALISED", ""], rows: rows, rightAligned: [0])
            .render(style) { _, line in line }
    }

    private func findings(_ check: ConfigCheck) -> String {
        check.findings.map { located in
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
            var text = label + String(repeating: " ", count: 9 - word.count) + style.bold(place) + "\n"
            text += "         \(finding.message)\n"
            if let next = finding.nextStep { text += "         → \(next)\n" }
            return text
        }.joined()
    }

    private func verdict(_ check: ConfigCheck) -> String {
        let errors = check.findings.count { $0.finding.severity == .error }
        let warnings = check.findings.count { $0.finding.severity == .warning }
        let also = warnings == 0 ? "" : ", \(counted(warnings, "warning"))"
        if check.isGood { return style.green("good") + also }
        if check.isAccepted, errors == 0 {
            let earlier = ": an earlier document of this ConfigMap has errors, and takes effect first"
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
