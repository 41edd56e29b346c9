import Shared

/// One entry of `IMAGES` as it stands in the text, not yet judged.
struct ImageListEntry: Sendable, Equatable {
    /// As the user counts: from 1, blank entries left out.
    var number: Int
    /// Without white space at its ends. May hold a password: never to be logged.
    var raw: String
    /// Before the first `=`; nil when there's none.
    var name: String?
    /// After the first `=`.
    var reference: String

    /// For findings.
    var quoted: Finding.Entry { Finding.Entry(number: number, text: Redaction.quote(raw)) }

    /// Splits a list at its semicolons. `{}` stands for nothing in the other keys, and is written here too.
    static func split(_ list: String) -> [ImageListEntry] {
        guard list.trimmed != "{}" else { return [] }
        let texts = list.split(separator: ";").map(\.trimmed).filter { !$0.isEmpty }
        return texts.enumerated().map { index, raw in
            guard let equals = raw.firstIndex(of: "=") else {
                return ImageListEntry(number: index + 1, raw: raw, name: nil, reference: "")
            }
            return ImageListEntry(
                number: index + 1, raw: raw, name: raw[..<equals].trimmed,
                reference: raw[raw.index(after: equals)...].trimmed)
        }
    }

    /// The repository that a reference names which is wrong behind that (its tag, its digest, capital letters); nil when
    /// that can't be told.
    var repository: String? {
        guard ReferenceComplaint.aboutCredentials(in: reference) == nil else { return nil }
        var text = reference.lowercased()[...]
        if let at = text.firstIndex(of: "@") { text = text[..<at] }
        let slash = text.lastIndex(of: "/") ?? text.startIndex
        if let colon = text[slash...].firstIndex(of: ":") { text = text[..<colon] }
        return (try? ImageReference(String(text)))?.name
    }

    /// The name that this entry surely speaks of, right or wrong as it may be.
    ///
    /// Nil when there's none, or when the text may be several entries run together (a comma or a line's end for the
    /// semicolon): then it could speak of any.
    var certainName: String? {
        guard let name, KubernetesName.isLabel(name) else { return nil }
        let looksLikeSeveral = reference.contains { $0 == "=" || $0 == "," || $0.isWhitespace }
        return looksLikeSeveral ? nil : name
    }
}
