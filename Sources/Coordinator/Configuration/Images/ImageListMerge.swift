import Planning
import Shared

/// Puts a list together with the one that was accepted before, so that no mistake releases an image.
///
/// - A wrong entry keeps the last good reference of its name.
/// - An entry that can't be attributed to a name could have been meant for any: while there's one, what is missing from
///   the list stays.
/// - Everything keeps the place that it was first accepted at; see ``order(_:after:)``.
struct ImageListMerge {
    private(set) var images: [ImageEntry]
    private(set) var findings: [Finding]

    init(_ list: ImageListParser, last: [ImageEntry]) {
        let accepted = Dictionary(last.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let listed = Set(list.valid.map(\.name))
        var kept: [String: ImageEntry] = [:]
        var uncertain: [ImageListEntry] = []
        var findings: [Finding] = []

        for refusal in list.refused {
            let outcome: String
            if refusal.isDuplicate {
                outcome = "it has no effect"
            } else if let name = refusal.entry.certainName {
                if listed.contains(name) {
                    outcome = "it has no effect, for an entry before it has the name \(name) too"
                } else if let good = accepted[name] {
                    kept[name] = good
                    outcome = "\(name) keeps its last good reference \(good.reference)"
                } else {
                    outcome = "\(name) is left out"
                }
            } else {
                uncertain.append(refusal.entry)
                outcome = "it has no effect"
            }
            findings.append(refusal.finding(outcome: outcome))
        }

        if !uncertain.isEmpty {
            let missing = last.filter { !listed.contains($0.name) && kept[$0.name] == nil }
            for entry in missing { kept[entry.name] = entry }
            if let finding = Self.held(missing, because: uncertain) { findings.append(finding) }
        }
        images = Self.order(list.valid + last.compactMap { kept[$0.name] }, after: last)
        self.findings = findings + Self.sameImage(images)
    }

    /// Entries in the order of their first acceptance, which is the order of the pod's containers: those of `last` keep
    /// their places, whatever reference they have now, and new ones come after them in the order of the list.
    static func order(_ images: [ImageEntry], after last: [ImageEntry]) -> [ImageEntry] {
        var rest = Dictionary(images.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let old = last.compactMap { rest.removeValue(forKey: $0.name) }
        return old + images.compactMap { rest.removeValue(forKey: $0.name) }
    }

    private static func held(_ missing: [ImageEntry], because uncertain: [ImageListEntry]) -> Finding? {
        guard !missing.isEmpty else { return nil }
        let numbers = uncertain.map { "\($0.number)" }.joined(separator: ", ")
        let names = missing.map(\.name).prefix(10).joined(separator: ", ") + (missing.count > 10 ? ", …" : "")
        return Finding(
            severity: .warning, key: ConfigurationKey.images.rawValue,
            message: "\(names): missing from the list, and kept, for \(uncertain.count == 1 ? "entry" : "entries") "
                + "\(numbers) can't be read and may have been meant for \(missing.count == 1 ? "it" : "them")",
            nextStep: "put the unreadable \(uncertain.count == 1 ? "entry" : "entries") right; "
                + "what is missing from a readable list is released")
    }

    /// Two sleep containers for one image cost twice and hold no more.
    private static func sameImage(_ images: [ImageEntry]) -> [Finding] {
        var first: [String: ImageEntry] = [:]
        return images.compactMap { entry in
            guard let earlier = first[entry.reference.normalised] else {
                first[entry.reference.normalised] = entry
                return nil
            }
            return Finding(
                severity: .info, key: ConfigurationKey.images.rawValue,
                message: "\(entry.name) and \(earlier.name) are the same image, \(entry.reference.normalised)",
                nextStep: "remove one of the two to save a sleep container on each node")
        }
    }
}
