/// A command line of the coordinator that a document shows, in a block of code or within a sentence.
struct DocumentedCommand: Sendable, CustomStringConvertible {
    /// As it stands in the document.
    let description: String
    /// What follows the program's name.
    let arguments: [String]

    /// Those of a document, each once.
    static func all(in text: String) -> [DocumentedCommand] {
        var found: [DocumentedCommand] = []
        var prose = ""
        var code = ""
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            guard line.hasPrefix("    ") else {
                prose += line
                prose += "\n"
                continue
            }
            let trimmed = line.drop { $0 == " " }
            // The line goes on below.
            if trimmed.hasSuffix("\\") {
                code += trimmed.dropLast()
                continue
            }
            code += trimmed
            // A table or a drawing is no command.
            if !code.hasPrefix("|"), !code.hasPrefix("+") { found += commands(of: code) }
            code = ""
        }
        for match in prose.matches(of: /`((?:kubectl image-puller|coordinator)\s[^`]+)`/) {
            let span = match.output.1.split { $0.isWhitespace }.joined(separator: " ")
            // What may be left out, or is only hinted at, isn't written as it is typed.
            if !span.contains("["), !span.contains("..."), !span.contains("…") { found += commands(of: span) }
        }
        var seen: Set<String> = []
        return found.filter { seen.insert($0.description).inserted }
    }

    /// Commands of a line, which pipes and the like can join.
    private static func commands(of line: String) -> [DocumentedCommand] {
        words(of: line.hasPrefix("$ ") ? String(line.dropFirst(2)) : line)
            .split { ["|", ";", "&&", "||"].contains($0) }
            .compactMap { command in
                // Where the output goes isn't the program's.
                let words = command.prefix { !["<", ">", ">>", "2>", "#"].contains($0) }
                guard let arguments = arguments(of: Array(words)) else { return nil }
                return DocumentedCommand(description: words.joined(separator: " "), arguments: arguments)
            }
    }

    /// What the coordinator is called with; nil for another program's line.
    private static func arguments(of words: [String]) -> [String]? {
        if words.first == "coordinator" { return Array(words.dropFirst()) }
        if words.starts(with: ["kubectl", "image-puller"]) {
            var rest = words.dropFirst(2)
            while let option = rest.first, ["-n", "--deployment", "--context", "--kubeconfig"].contains(option) {
                rest = rest.dropFirst(2)
            }
            return rest.first?.hasPrefix("-") == true ? nil : Array(rest)
        }
        // `kubectl exec POD -- coordinator …`
        guard words.first == "kubectl", words.contains("exec"), let end = words.firstIndex(of: "--") else { return nil }
        let inner = words[(end + 1)...]
        guard let program = inner.first, program == "coordinator" || program.hasSuffix("/coordinator") else {
            return nil
        }
        return Array(inner.dropFirst())
    }

    /// Splits as a shell does; a variable stands for a number.
    private static func words(of line: String) -> [String] {
        var words: [String] = []
        var word = ""
        var quote: Character?
        var isWord = false
        for character in line {
            if let open = quote {
                if character == open { quote = nil } else { word.append(character) }
            } else if character == "'" || character == "\"" {
                quote = character
                isWord = true
            } else if character == " " {
                if isWord || !word.isEmpty { words.append(word) }
                (word, isWord) = ("", false)
            } else {
                word.append(character)
            }
        }
        if isWord || !word.isEmpty { words.append(word) }
        return words.map { $0.hasPrefix("$") && $0.count > 1 ? "1" : $0 }
    }
}
