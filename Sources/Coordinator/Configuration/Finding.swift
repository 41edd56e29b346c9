/// One thing to say about a ConfigMap: what was found, where, and what to do.
///
/// Findings go to logs, Events and the API, so their texts never hold a password: whoever makes one passes quoted text
/// through ``Redaction`` first.
package struct Finding: Sendable, Hashable, Codable {
    package enum Severity: String, Sendable, Hashable, Codable, CaseIterable {
        /// Something that the user wrote doesn't take effect.
        case error
        /// It takes effect, and probably not as meant.
        case warning
        /// Worth knowing.
        case info
    }

    /// An entry of a list, as the user counts: from 1, blank ones left out.
    struct Entry: Sendable, Hashable, Codable {
        var number: Int
        /// The entry's text, redacted and shortened.
        var text: String
    }

    package var severity: Severity
    /// The key of the ConfigMap, or `metadata.annotations` and the like for what is no key.
    package var key: String
    var entry: Entry?
    /// The place within the key's value.
    var position: TextPosition?
    var message: String
    var nextStep: String?
    /// It stands for so many that aren't told one by one; nil: for itself.
    var others: Int?
}

extension Finding {
    /// What concerns the whole key.
    package init(severity: Severity, key: String, message: String, nextStep: String) {
        self.init(severity: severity, key: key, entry: nil, position: nil, message: message, nextStep: nextStep)
    }
}

extension Finding: CustomStringConvertible {
    /// One line: where, what, next step.
    package var description: String {
        var text = key
        if let entry { text += ", entry \(entry.number) \"\(entry.text)\"" }
        if let position { text += ", \(position)" }
        text += ": \(message)."
        if let nextStep { text += " Next step: \(nextStep)" + (nextStep.hasSuffix("?") ? "" : ".") }
        return text
    }
}

/// Line and column of a character, both from 1.
struct TextPosition: Sendable, Hashable, Codable, CustomStringConvertible {
    var line: Int
    var column: Int

    var description: String { line == 1 ? "column \(column)" : "line \(line), column \(column)" }
}

/// Why a value of a key can't be read. The parser of the ConfigMap adds the key and makes it a ``Finding``.
struct ValueFault: Error, Hashable {
    var message: String
    var nextStep: String
    var position: TextPosition?
    /// The number and text of the list's entry, when the value is a list.
    var entry: Finding.Entry?

    init(_ message: String, next: String, position: TextPosition? = nil, entry: Finding.Entry? = nil) {
        self.message = message
        self.nextStep = next
        self.position = position
        self.entry = entry
    }
}
