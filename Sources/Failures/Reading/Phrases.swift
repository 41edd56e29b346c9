/// The tables' phrases, found by their first word: the time to read a message grows with its length alone.
enum Phrases {
    enum Meaning: Sendable {
        case cause(CauseTable.Cause)
        case stage(FailureStage)
    }

    struct Phrase: Sendable {
        var words: [String]
        var meaning: Meaning
    }

    struct Match {
        /// Of the segment, and of the first word in it.
        var segment: Int
        var word: Int
        var phrase: Phrase
    }

    static let causes = table(
        CauseTable.groups.flatMap { group in group.phrases.map { ($0, .cause(group.cause)) } })
    static let stages = table(
        StageTable.phrases.flatMap { entry in entry.phrases.map { ($0, .stage(entry.stage)) } })

    /// Words of phrases that look like names.
    static let wordsWithSlashes: Set<String> = Set(
        (CauseTable.groups.flatMap(\.phrases) + StageTable.phrases.flatMap(\.phrases))
            .flatMap { $0.split(separator: " ").map(String.init) }.filter { $0.contains("/") } + ["net/http"])

    private static func table(_ phrases: [(String, Meaning)]) -> [String: [Phrase]] {
        let all = phrases.map { text, meaning in
            Phrase(words: text.split(separator: " ").map(String.init), meaning: meaning)
        }
        // The longest first.
        return Dictionary(grouping: all, by: { $0.words.first ?? "" }).mapValues { phrases in
            phrases.sorted { $0.words.count > $1.words.count }
        }
    }

    /// What is found in a segment, from its beginning to its end. Of what overlaps, that counts which reaches further: it's
    /// nearer to the cause.
    static func matches(_ table: [String: [Phrase]], in segment: Int, of chain: ErrorChain) -> [Match] {
        let words = chain.segments[segment].words
        var found: [Match] = []
        var end = 0
        for (index, word) in words.enumerated() {
            guard let phrase = table[word]?.first(where: { fits($0, words, index) }) else { continue }
            // The earlier one ends where this one does, or later.
            if index + phrase.words.count <= end { continue }
            if index < end { found.removeLast() }
            found.append(Match(segment: segment, word: index, phrase: phrase))
            end = index + phrase.words.count
        }
        return found
    }

    private static func fits(_ phrase: Phrase, _ words: [String], _ start: Int) -> Bool {
        guard start + phrase.words.count <= words.count else { return false }
        if case .cause(let cause) = phrase.meaning, cause.isWhole, phrase.words.count != words.count { return false }
        return zip(phrase.words, words[start...]).allSatisfy { $0 == $1 || $0 == ErrorChain.name }
    }
}
