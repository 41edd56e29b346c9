/// Why a text is no image reference.
public struct ImageReferenceError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong. More kinds may be added.
    public struct Kind: Hashable, Sendable {
        let explanation: String

        public static let empty = Kind(explanation: "it is empty; write registry/repository:tag")
        public static let characters = Kind(
            explanation: "white space and characters outside ASCII are not allowed in a reference")
        public static let digest = Kind(
            explanation: "after '@' a digest is expected: sha256: and 64 hexadecimal digits in lower case")
        public static let tag = Kind(
            explanation: "a tag is 1 to 128 letters, digits, '_', '.' and '-', and doesn't start with '.' or '-'")
        public static let registry = Kind(explanation: "the registry is no host name with an optional port")
        public static let upperCase = Kind(explanation: "the repository must be in lower case")
        public static let repository = Kind(
            explanation: "the repository is made of lower-case letters and digits, separated by '/', '.', '_' or '-'")
        public static let imageID = Kind(
            explanation: "64 hexadecimal digits name an image's id, which no registry knows; write a repository")
        public static let tooLong = Kind(explanation: "registry and repository are longer than 255 characters")
    }

    public let kind: Kind
    /// The text that was refused.
    public let text: String

    init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }

    public var description: String { "invalid image reference \"\(text)\": \(kind.explanation)" }
}
