import Cluster
import ImageSets
import Shared

/// Reads `IMAGES`, each entry on its own: one that is wrong takes no other with it.
struct ImageListParser {
    /// Longer lists aren't read. No agent reports more images, and the pod template would be too large long before.
    static let mostEntries = ReportLimits.images

    /// An entry that can't be used, and why.
    struct Refusal: Equatable {
        var entry: ImageListEntry
        var fault: ValueFault
        /// An earlier entry says the same, so that nothing is lost.
        var isRepetition = false

        /// - Parameter outcome: what becomes of the name, in the words of the user.
        func finding(outcome: String?) -> Finding {
            Finding(
                severity: isRepetition ? .warning : .error, key: ConfigurationKey.images.rawValue, entry: entry.quoted,
                message: fault.message + (outcome.map { "; \($0)" } ?? ""), nextStep: fault.nextStep)
        }
    }

    /// Entries that are right, in the order of the list.
    private(set) var valid: [ImageEntry] = []
    private(set) var refused: [Refusal] = []
    /// What is to be said of those that are right.
    private(set) var findings: [Finding] = []
    /// How many entries there are, right or wrong.
    private(set) var count = 0

    /// - Parameter last: what was accepted before. A name of those that stands alone has lost its reference.
    init(_ list: String, last: [ImageEntry] = []) {
        let entries = ImageListEntry.split(list)
        count = entries.count
        guard count <= Self.mostEntries else { return }
        // What somebody wrote isn't given to an entry that has no name of its own.
        let names = Set(entries.compactMap(\.certainName))
        let known = Set(
            last.lazy.filter { $0.reference.normalised != (try? ImageReference($0.name))?.normalised }.map(\.name))
        var first: [String: ImageListEntry] = [:]
        var unique = UniqueNames()
        unique.reserve(names)
        for entry in entries {
            do {
                let parsed = try Self.parse(entry, known: known, names: names)
                guard entry.name?.isEmpty == false else {
                    let named = ImageEntry(name: unique.take(parsed.name), reference: parsed.reference)
                    findings.append(Self.nameless(entry, named))
                    valid.append(named)
                    continue
                }
                guard let earlier = first[parsed.name] else {
                    first[parsed.name] = entry
                    valid.append(parsed)
                    continue
                }
                if earlier.reference == entry.reference {
                    let fault = ValueFault("entry \(earlier.number) says the same", next: "remove one of the two")
                    refused.append(Refusal(entry: entry, fault: fault, isRepetition: true))
                } else {
                    let named = ImageEntry(name: unique.take(parsed.name), reference: parsed.reference)
                    findings.append(Self.duplicate(of: earlier, entry, named))
                    valid.append(named)
                }
            } catch {
                if let name = entry.certainName, first[name] == nil { first[name] = entry }
                refused.append(Refusal(entry: entry, fault: error))
            }
        }
    }

    /// - Parameter names: those of the list, which no proposal may take.
    private static func parse(
        _ entry: ImageListEntry, known: Set<String>, names: Set<String>
    ) throws(ValueFault) -> ImageEntry {
        // First of all, so that no later message quotes a part of a password.
        if let complaint = ReferenceComplaint.aboutCredentials(in: entry.raw) {
            throw ValueFault(complaint.message, next: complaint.nextStep)
        }
        do {
            return try read(entry, known: known, names: names)
        } catch {
            throw Placeholder.fault(in: entry.raw) ?? error
        }
    }

    private static func read(
        _ entry: ImageListEntry, known: Set<String>, names: Set<String>
    ) throws(ValueFault) -> ImageEntry {
        guard let name = entry.name, !name.isEmpty else { return try named(entry, known: known, names: names) }
        if let fault = runTogether(entry) { throw fault }
        guard KubernetesName.isLabel(name) else {
            throw ValueFault(
                "the name \"\(Redaction.quote(name, limit: 70))\" is no DNS label: 1 to 63 lower-case letters, digits and "
                    + "'-', with a letter or digit at both ends",
                next: "write "
                    + (ImageEntryProposal.text(name: name, reference: entry.reference, taken: names)
                        ?? "a name and a reference, such as \(ImageEntryProposal.example)"))
        }
        guard !Configuration.reservedContainerNames.contains(name) else {
            throw ValueFault("\(name) is the name of our own container", next: "choose another name for the image")
        }
        do {
            return ImageEntry(name: name, reference: try ImageReference(entry.reference))
        } catch {
            let complaint = ReferenceComplaint(error)
            throw ValueFault(
                complaint.message,
                next: ImageEntryProposal.text(name: name, reference: entry.reference, taken: names, own: name)
                    .map { "write \($0)" } ?? complaint.nextStep)
        }
    }

    /// People write bare lists: an entry without a name gets one from its repository.
    private static func named(
        _ entry: ImageListEntry, known: Set<String>, names: Set<String>
    ) throws(ValueFault) -> ImageEntry {
        let text = entry.name == nil ? entry.raw : entry.reference
        guard !known.contains(entry.raw), !text.contains(where: { $0.isWhitespace || $0 == "," }),
            let reference = try? ImageReference(text),
            let last = reference.repository.split(separator: "/").last,
            let name = KubernetesName.labelSuggestion(for: last)
        else {
            let isOne = !known.contains(entry.raw) && !text.contains { $0.isWhitespace || $0 == "," }
            let proposal = isOne ? ImageEntryProposal.text(name: "", reference: text, taken: names) : nil
            throw ValueFault(
                entry.name == nil ? "there's no '='" : "there's no name before '='",
                next: "write \(proposal ?? "name=reference")")
        }
        return ImageEntry(name: name, reference: reference)
    }

    private static func nameless(_ entry: ImageListEntry, _ named: ImageEntry) -> Finding {
        Finding(
            severity: .warning, key: ConfigurationKey.images.rawValue, entry: entry.quoted,
            message: "it has no name, and is called \(named.name)",
            nextStep: "write \(named.name)=\(Redaction.quote(named.reference.written))")
    }

    /// A comma or a line's end in the place of a semicolon.
    private static func runTogether(_ entry: ImageListEntry) -> ValueFault? {
        let reference = entry.reference
        if reference.contains(","), reference.contains("=") || entry.raw.split(separator: ",").count > 1 {
            return ValueFault("entries are separated by ';', not by ','", next: "write ';' for each ','")
        }
        guard let equals = reference.firstIndex(of: "=") else { return nil }
        guard let blank = reference[..<equals].trimmed.lastIndex(where: \.isWhitespace) else {
            return ValueFault(
                "there's more than one '=', and a reference has none", next: "put a ';' between the entries")
        }
        let next = reference[..<equals].trimmed[blank...].trimmed
        return ValueFault(
            "a ';' is missing before \"\(Redaction.quote(next, limit: 70))=\"", next: "put a ';' between the entries")
    }

    private static func duplicate(of earlier: ImageListEntry, _ entry: ImageListEntry, _ named: ImageEntry) -> Finding {
        Finding(
            severity: .warning, key: ConfigurationKey.images.rawValue, entry: entry.quoted,
            message: "entry \(earlier.number) has the name \(entry.name ?? "") too; both are cached, this one as "
                + named.name,
            nextStep: "give it a name of its own")
    }
}
