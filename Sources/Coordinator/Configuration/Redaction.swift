import Shared

/// Makes what a user wrote fit for logs: no passwords, no line breaks, not too long.
package enum Redaction {
    static let mask = "***"

    /// A text to be quoted: credentials masked; white space, control characters and marks that turn writing round shown as one
    /// space; cut at `limit` characters, and at four times as many bytes, as one character can have any number.
    package static func quote(_ text: some StringProtocol, limit: Int = 120) -> String {
        var scalars = String.UnicodeScalarView()
        var isGap = false
        for scalar in withoutCredentials(String(text)).unicodeScalars {
            let isBlank =
                scalar.properties.isWhitespace || [.control, .format].contains(scalar.properties.generalCategory)
            if !isBlank { scalars.append(scalar) } else if !isGap { scalars.append(" ") }
            isGap = isBlank
        }
        let quoted = String(scalars)
        let short = quoted.count > limit ? quoted.prefix(limit - 1) + "…" : quoted
        return short.utf8.count > 4 * limit ? short.cleaned(maximumBytes: 4 * limit - 3) + "…" : short
    }

    /// Masks `user:password@` and `token@` before a host.
    ///
    /// The last `@` that doesn't begin a digest ends the credentials, wherever they stand, for a password may hold any
    /// character: rather too much is hidden than too little.
    static func withoutCredentials(_ text: String) -> String {
        guard let at = credentialsEnd(in: text) else { return text }
        // Before the credentials there may be `name=` and `https://`. What looks like it after a colon is a password's.
        var start = text.startIndex
        if let equals = text[..<at].firstIndex(of: "="), !text[..<equals].contains(":") {
            start = text.index(after: equals)
        }
        let scheme = text[start..<at].prefix { $0.isLetter || $0.isWhitespace }
        if text[scheme.endIndex..<at].hasPrefix("://") {
            start = text.index(scheme.endIndex, offsetBy: 3)
        }
        if let colon = text[start..<at].firstIndex(of: ":") {
            return text[...colon] + mask + text[at...]
        }
        return text[..<start] + mask + text[at...]
    }

    private static func credentialsEnd(in text: String) -> String.Index? {
        // Found once: a long text can have any number of '@'.
        let colon = text.firstIndex(of: ":") ?? text.endIndex
        let separator = text.lastIndex { $0 == "/" || $0 == "." } ?? text.startIndex
        var rest = text[...]
        while let at = rest.lastIndex(of: "@") {
            let after = text[text.index(after: at)...].drop(while: \.isWhitespace)
            if after.prefix(3).lowercased() != "sha", colon < at || at < separator { return at }
            rest = rest[..<at]
        }
        return nil
    }
}
