import Shared

/// What is wrong with a reference, without quoting it, for it may hold a password.
struct ReferenceComplaint: Equatable {
    var message: String
    var nextStep: String

    private init(_ message: String, next: String) {
        self.message = message
        nextStep = next
    }

    /// Nil when there are none in the text.
    static func aboutCredentials(in text: String) -> ReferenceComplaint? {
        guard Redaction.withoutCredentials(text) != text else { return nil }
        return ReferenceComplaint(
            "a reference holds no user's name and password before '@'",
            next: "remove them, put them into a secret, and name it in IMAGE_PULL_SECRETS")
    }

    init(_ error: ImageReferenceError) {
        let text = error.text.trimmed
        if let complaint = Self.aboutCredentials(in: text) {
            self = complaint
            return
        }
        let example = "registry.example.com/team/app:1.0"
        switch error.kind {
        case .empty:
            message = "the reference is empty"
            nextStep = "write a reference such as \(example)"
        case .characters:
            message = "white space and characters outside ASCII are not allowed in a reference"
            nextStep = "write a reference such as \(example)"
        case .digest:
            message = "after '@' a digest is expected: sha256: and 64 hexadecimal digits in lower case"
            nextStep = "write a reference such as app:1.0 or app@sha256:…"
        case .tag:
            message = "a tag is 1 to 128 letters, digits, '_', '.' and '-', and doesn't begin with '.' or '-'"
            nextStep = "write a tag after ':', or leave the ':' out"
        case .upperCase:
            message = "the repository must be in lower case"
            nextStep = Self.lowerCased(text).map { "write \($0)" } ?? "write the repository in lower case"
        case .repository:
            message = "the repository is made of lower-case letters and digits, separated by '/', '.', '_' or '-'"
            nextStep = "write a reference such as \(example)"
        case .registry:
            let hasScheme = text.lowercased().hasPrefix("http://") || text.lowercased().hasPrefix("https://")
            message =
                hasScheme
                ? "a reference has no http:// or https://" : "the registry is no host name with an optional port"
            nextStep = hasScheme ? "leave it out" : "write a reference such as \(example)"
        case .imageID:
            message = "64 hexadecimal digits name an image's id, which no registry knows"
            nextStep = "write a reference such as \(example)"
        case .tooLong:
            message = "registry and repository are longer than 255 characters"
            nextStep = "write a shorter reference"
        default:
            message = "it is no image reference"
            nextStep = "write a reference such as \(example)"
        }
    }

    /// The reference with its repository in lower case, when that makes it right.
    static func lowerCased(_ text: String) -> String? {
        let repository = text.prefix { $0 != "@" }
        var end = repository.endIndex
        if let colon = repository.lastIndex(of: ":"), !repository[colon...].contains("/") { end = colon }
        let suggestion = text[..<end].lowercased() + text[end...]
        guard (try? ImageReference(suggestion)) != nil else { return nil }
        return Redaction.quote(suggestion)
    }
}
