import ConfigurationParsing
import Formatting

/// What became of the ConfigMap as it was written last: part of reports, so that nobody takes the coverage of the list
/// in force for that of their own edit.
package struct LastEdit: Codable, Sendable, Hashable {
    /// `metadata.resourceVersion` of the newest ConfigMap that was judged; nil before the first.
    package var resourceVersion: String?
    /// Whether it is in force. If not, the last accepted revision is.
    var isAccepted: Bool
    /// What in it doesn't take effect: the place, the fault and the next step of each.
    var errors: [String]

    package init(_ status: ConfigurationStatus) {
        resourceVersion = status.resourceVersion
        isAccepted = status.isAccepted
        errors = status.findings.filter { $0.severity == Finding.Severity.error.rawValue }.map(\.message)
    }

    /// Whether all of it is in force.
    var isWhole: Bool { isAccepted && errors.isEmpty }

    /// Whether the ConfigMap was judged as it was at a version, or later.
    ///
    /// - Parameter version: decimal digits. An API server counts versions up.
    package func includes(_ version: String) -> Bool {
        func key(_ text: String) -> (Int, String) {
            let digits = String(text.drop { $0 == "0" })
            return (digits.count, digits)
        }
        return resourceVersion.map { key($0) >= key(version) } ?? false
    }

    /// Why what is in force isn't what was written, in a few words; nil when it is.
    package var trouble: String? {
        if isWhole { return nil }
        if !isAccepted, errors.isEmpty { return "the ConfigMap hasn't been read yet" }
        return isAccepted
            ? "a part of the last edit of the ConfigMap has no effect" : "the last edit of the ConfigMap was rejected"
    }

    private static let shownErrors = 5

    /// The same for people, with the errors; nothing when all is well.
    func text(revision: Int, width: Int?) -> [String] {
        guard let trouble else { return [] }
        let consequence = isAccepted ? "" : ", revision \(revision) stays in force"
        var lines = wrapped(trouble + consequence + (errors.isEmpty ? "" : ":"), width: width, indent: "  ")
        for error in errors.prefix(Self.shownErrors) { lines += wrapped("    \(error)", width: width, indent: "    ") }
        if errors.count > Self.shownErrors {
            lines.append("    ... and \(errors.count - Self.shownErrors) more; /api/v1/configuration has them")
        }
        if !errors.isEmpty {
            lines += wrapped(
                "next step: mend the ConfigMap; `coordinator config check FILE` tries an edit beforehand", width: width,
                indent: "  ")
        }
        return lines
    }
}
