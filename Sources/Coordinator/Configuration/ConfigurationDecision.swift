import Formatting
import ImageSets

/// What becomes of an edit of the ConfigMap.
package enum ConfigurationDecision: Sendable, Equatable {
    /// It is in force from now on, except for what the findings of severity error name.
    case accepted(Configuration, [Finding])
    /// As if it hadn't been made: the last accepted configuration stays in force.
    case rejected([Finding])

    package var findings: [Finding] {
        switch self {
        case .accepted(_, let findings), .rejected(let findings): findings
        }
    }

    package var configuration: Configuration? {
        guard case .accepted(let configuration, _) = self else { return nil }
        return configuration
    }

    /// One line for a log or an Event.
    package var summary: String {
        let errors = count(.error)
        let warnings = count(.warning)
        switch self {
        case .accepted(let configuration, _):
            let found =
                errors + warnings == 0 ? "" : " with \(counted(errors, "error")) and \(counted(warnings, "warning"))"
            return "accepted\(found): \(counted(configuration.images.count, "image"))"
        case .rejected:
            return "rejected for \(counted(errors, "error")): the last accepted configuration stays in force"
        }
    }

    private func count(_ severity: Finding.Severity) -> Int {
        findings.lazy.filter { $0.severity == severity }.reduce(0) { $0 + ($1.others ?? 1) }
    }
}
