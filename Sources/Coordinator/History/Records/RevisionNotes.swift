import ConfigurationParsing
import FoundationEssentials
import ImageSets
import Planning

/// What history keeps beside the ConfigMap's text of a revision.
///
/// The text alone doesn't say what is in force: a malformed entry keeps the reference that it had before, and entries
/// keep the order of their first acceptance.
package struct RevisionNotes: Codable, Sendable, Equatable {
    package var findings: [Finding]
    /// What came into force; nil for a rejected edit.
    package var configuration: Configuration?

    package var text: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    package init(findings: [Finding], configuration: Configuration?) {
        self.findings = findings
        self.configuration = configuration
    }

    /// Nil for what no coordinator of this version wrote.
    package init?(text: String) {
        guard let notes = try? JSONDecoder().decode(Self.self, from: Data(text.utf8)) else { return nil }
        self = notes
    }
}
