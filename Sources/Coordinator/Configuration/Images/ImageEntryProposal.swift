import ImageSets
import Shared

/// An entry of `IMAGES` in the place of one that isn't valid: it is valid itself, or there's none.
enum ImageEntryProposal {
    static let example = "app=registry.example.com/team/app:1.0"

    /// - Parameters:
    ///   - name: as the user wrote it; empty for the last part of the repository.
    ///   - taken: names that entries have.
    ///   - own: the one of them that is the entry's own; nil: none.
    static func text(name: String, reference: String, taken: Set<String>, own: String? = nil) -> String? {
        guard let reference = valid(reference),
            let base = KubernetesName.labelSuggestion(for: name.isEmpty ? lastPart(reference) : name[...])
        else { return nil }
        func isUsable(_ label: String) -> Bool {
            (label == own || !taken.contains(label)) && !Configuration.reservedContainerNames.contains(label)
        }
        var label = base
        var number = 2
        while !isUsable(label) {
            // Of so many alike another number is no name that says anything.
            guard number < 100 else { return nil }
            label = "\(base.prefix(50))-\(number)"
            number += 1
        }
        guard KubernetesName.isLabel(label) else { return nil }
        let text = "\(label)=\(reference.written)"
        // One that would be cut, or holds a password, is none.
        return Redaction.quote(text, limit: 400) == text ? text : nil
    }

    /// The reference itself, or what it becomes without a scheme and in lower case.
    private static func valid(_ text: String) -> ImageReference? {
        var rest = text[...]
        for scheme in ["https://", "http://", "docker://"] where rest.lowercased().hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.count)
        }
        return (try? ImageReference(String(rest)))
            ?? ReferenceComplaint.lowerCased(String(rest)).flatMap { try? ImageReference($0) }
    }

    private static func lastPart(_ reference: ImageReference) -> Substring {
        reference.repository.split(separator: "/").last ?? "image"
    }
}
