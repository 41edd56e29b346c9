/// A ConfigMap as it stands in a file, with the lines of its keys.
package struct Manifest: Equatable {
    var name: String?
    var namespace: String?
    /// Where it begins, from 1.
    var line: Int
    package var content: ConfigMapContent
    /// The line of each key of `data`, `binaryData` and `annotations`.
    var keyLines: [String: Int] = [:]
    /// The line that each value's text begins on; absent where lines of the text are not lines of the file.
    var textLines: [String: Int] = [:]
    /// The line of each entry of a list, in order; nil where it can't be told.
    var entryLines: [String: [Int?]] = [:]
    /// What the API server would refuse about the file itself.
    var findings: [Finding] = []
    /// What else there is to say about the file.
    var remarks: [Finding] = []
    /// Documents of the same object that stand before this one.
    var replaced: [Manifest] = []
    /// Those of other image sets in the file.
    package var beside: [Manifest] = []

    /// The line that a finding is about.
    func line(of finding: Finding) -> Int? {
        if let entry = finding.entry, let lines = entryLines[finding.key], lines.indices.contains(entry.number - 1),
            let line = lines[entry.number - 1]
        {
            return line
        }
        if let position = finding.position, let first = textLines[finding.key] { return first + position.line - 1 }
        return keyLines[finding.key]
    }
}

/// Why a file holds no ConfigMap that could be checked.
package struct ManifestFileError: Error, Equatable, CustomStringConvertible {
    var line: Int?
    package var message: String
    package var nextStep: String

    package init(line: Int? = nil, message: String, nextStep: String) {
        self.line = line
        self.message = message
        self.nextStep = nextStep
    }

    package var description: String {
        (line.map { "line \($0): " } ?? "") + message + ". Next step: " + nextStep + "."
    }
}
