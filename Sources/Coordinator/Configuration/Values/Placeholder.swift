/// What manuals and templates have in the place of a value: `<image>`, `NAME-1`, `__IMAGES__`, `${IMAGE}`, `your-registry`.
enum Placeholder {
    /// The first placeholder in a text; nil when there's none.
    ///
    /// Only for texts that aren't valid: of those that are, some may look like it.
    static func first(in text: some StringProtocol) -> String? {
        bracketed(text) ?? words(text).first(where: isWord).map(String.init)
    }

    /// What to say of a value that can't be used for a placeholder's sake.
    static func fault(in text: String) -> ValueFault? {
        // Of a text with a password nothing is quoted.
        guard Redaction.withoutCredentials(text) == text else { return nil }
        return first(in: text).map { placeholder in
            ValueFault(
                "\"\(Redaction.quote(placeholder, limit: 60))\" is a placeholder, as manuals and templates have them",
                next: "write your own value in its place")
        }
    }

    /// Text between the signs that mark a hole to be filled.
    private static func bracketed(_ text: some StringProtocol) -> String? {
        for (opening, closing) in [("<", ">"), ("${{", "}}"), ("{{", "}}"), ("${", "}"), ("$(", ")"), ("__", "__")] {
            guard let start = text.firstRange(of: opening),
                let end = text[start.upperBound...].firstRange(of: closing)
            else { continue }
            let name = text[start.upperBound..<end.lowerBound]
            let isName = name.contains(where: \.isLetter) && !name.contains { $0.isNewline || $0 == "=" || $0 == ";" }
            guard isName, name.count <= 60 else { continue }
            // Two underscores may stand in a repository's name, which has no capitals.
            if opening == "__", name.contains(where: \.isLowercase) { continue }
            return String(text[start.lowerBound..<end.upperBound])
        }
        return text.contains("…") || text.trimmed == "..." ? "…" : nil
    }

    private static func words(_ text: some StringProtocol) -> [Substring] {
        text.split { $0.isWhitespace || $0 == "=" || $0 == ";" || $0 == "," || $0 == "\"" }.map { Substring($0) }
    }

    /// `NAME-1`, `IMAGE_2`, `YOUR_REGISTRY`, `my-registry.example`: a word in capitals that speaks of what it stands for.
    private static func isWord(_ word: Substring) -> Bool {
        let parts = word.split { $0 == "-" || $0 == "_" || $0 == "/" || $0 == ":" || $0 == "." }
        guard let first = parts.first(where: { $0.contains(where: \.isLetter) }) else { return false }
        let isInCapitals = word.contains(where: \.isLetter) && !word.contains(where: \.isLowercase)
        if isInCapitals {
            return parts.allSatisfy { part in
                let noun = part.prefix(while: \.isLetter)
                return noun.isEmpty ? part.allSatisfy(\.isNumber) : nouns.contains(String(noun))
            }
        }
        return first.uppercased() == "YOUR"
    }

    private static let nouns: Set<String> = [
        "NAME", "NAMES", "IMAGE", "IMAGES", "REGISTRY", "REPOSITORY", "REPO", "REFERENCE", "TAG", "VERSION", "DIGEST",
        "NAMESPACE", "SECRET", "SECRETS", "KEY", "VALUE", "LABEL", "YOUR", "CHANGEME", "PLACEHOLDER", "TODO",
    ]
}
