import ImageSets
import Shared

/// A ConfigMap or a `KubernetesImagePuller` object as it stands in a file, with the lines of its keys or fields.
package struct Manifest: Equatable {
    enum Kind: String {
        case configMap = "ConfigMap"
        case puller = "KubernetesImagePuller"
    }

    var kind = Kind.configMap
    package var name: String?
    package var namespace: String?
    /// Where it begins, from 1.
    var line: Int
    /// Of an object, the annotations alone: see ``content(own:)``.
    package var content: ConfigMapContent
    /// Of an object.
    package var spec: JSONValue?
    /// The line of each key of `data`, `binaryData` and `annotations`, of each field of `spec`.
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

    package var isObject: Bool { kind == .puller }
    /// Whether it is the main ConfigMap.
    package var isMain: Bool { kind == .configMap && content.imageSet == nil }

    /// The line that a finding is about.
    func line(of finding: Finding) -> Int? {
        if let entry = finding.entry, let lines = entryLines[finding.key], lines.indices.contains(entry.number - 1),
            let line = lines[entry.number - 1]
        {
            return line
        }
        if let position = finding.position, let first = textLines[finding.key] { return first + position.line - 1 }
        return keyLines[finding.key] ?? keyLines[finding.key.prefix { $0 != "[" }.trimmed]
    }

    /// As a coordinator reads it, with the name of the image set.
    ///
    /// - Parameter own: the coordinator's namespace.
    func content(own: String) -> ConfigMapContent {
        guard kind == .puller else { return content }
        return PullerObject.content(
            namespace: namespace ?? own, name: name ?? "", spec: spec, annotations: content.annotations, own: own)
    }
}

/// Why a file holds nothing that could be checked.
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
