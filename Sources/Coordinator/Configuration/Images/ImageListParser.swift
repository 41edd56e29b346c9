import Planning
import Shared

/// Reads `IMAGES`, each entry on its own: one that is wrong takes no other with it.
struct ImageListParser {
    /// An entry that can't be used, and why.
    struct Refusal: Equatable {
        var entry: ImageListEntry
        var fault: ValueFault
        /// An earlier entry has the name already, so that nothing is lost.
        var isDuplicate = false
        /// And the same reference.
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
    /// How many entries there are, right or wrong.
    private(set) var count = 0

    init(_ list: String) {
        var first: [String: ImageListEntry] = [:]
        let entries = ImageListEntry.split(list)
        let names = Set(entries.compactMap(\.certainName))
        for entry in entries {
            count += 1
            do {
                let parsed = try Self.parse(entry, names: names)
                if let earlier = first[parsed.name] {
                    refused.append(
                        Refusal(
                            entry: entry, fault: Self.duplicate(of: earlier, entry), isDuplicate: true,
                            isRepetition: earlier.reference == entry.reference))
                } else {
                    first[parsed.name] = entry
                    valid.append(parsed)
                }
            } catch {
                // Of duplicates the first counts, even when it's wrong: what was meant is for the user to say.
                if let name = entry.certainName, first[name] == nil { first[name] = entry }
                refused.append(Refusal(entry: entry, fault: error))
            }
        }
    }

    /// - Parameter names: those of the list, which no proposal may take.
    private static func parse(_ entry: ImageListEntry, names: Set<String>) throws(ValueFault) -> ImageEntry {
        // First of all, so that no later message quotes a part of a password.
        if let complaint = ReferenceComplaint.aboutCredentials(in: entry.raw) {
            throw ValueFault(complaint.message, next: complaint.nextStep)
        }
        do {
            return try read(entry, names: names)
        } catch {
            throw Placeholder.fault(in: entry.raw) ?? error
        }
    }

    private static func read(_ entry: ImageListEntry, names: Set<String>) throws(ValueFault) -> ImageEntry {
        func proposal(_ name: String, else other: String) -> String {
            ImageEntryProposal.text(name: name, reference: entry.reference, taken: names).map { "write \($0)" } ?? other
        }
        guard let name = entry.name else {
            let proposal = ImageEntryProposal.text(name: "", reference: entry.raw, taken: names)
            throw ValueFault(
                "there's no '='" + (proposal == nil ? "" : ": an entry is written name=reference"),
                next: "write \(proposal ?? "name=reference")")
        }
        guard !name.isEmpty else {
            throw ValueFault("there's no name before '='", next: proposal("", else: "write name=reference"))
        }
        if let fault = runTogether(entry) { throw fault }
        guard KubernetesName.isLabel(name) else {
            throw ValueFault(
                "the name \"\(Redaction.quote(name, limit: 70))\" is no DNS label: 1 to 63 lower-case letters, digits and "
                    + "'-', with a letter or digit at both ends",
                next: proposal(name, else: "write a name and a reference, such as \(ImageEntryProposal.example)"))
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
                next: ImageEntryProposal.text(name: name, reference: entry.reference, taken: names.subtracting([name]))
                    .map { "write \($0)" } ?? complaint.nextStep)
        }
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

    private static func duplicate(of earlier: ImageListEntry, _ entry: ImageListEntry) -> ValueFault {
        let name = entry.name ?? ""
        guard earlier.reference != entry.reference else {
            return ValueFault("entry \(earlier.number) says the same", next: "remove one of the two")
        }
        return ValueFault(
            "entry \(earlier.number) has the name \(name) too, and of two the first counts",
            next: "remove one of the two, or give it a name of its own")
    }
}
