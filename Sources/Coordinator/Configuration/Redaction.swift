/// Makes what a user wrote fit for logs: no passwords, no line breaks, not too long.
package enum Redaction {
    static let mask = "***"

    /// A text to be quoted: credentials masked, white space and control characters shown as one space, cut at `limit`.
    package static func quote(_ text: some StringProtocol, limit: Int = 120) -> String {
        var quoted = ""
        for scalar in withoutCredentials(String(text)).unicodeScalars {
            let isBlank = scalar.properties.isWhitespace || scalar.properties.generalCategory == .control
            if !isBlank {
                quoted.unicodeScalars.append(scalar)
            } else if quoted.last != " " {
                quoted += " "
            }
        }
        return quoted.count > limit ? quoted.prefix(limit - 1) + "…" : quoted
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
        var rest = text[...]
        while let at = rest.lastIndex(of: "@") {
            let after = text[text.index(after: at)...].drop(while: \.isWhitespace)
            let hasUserInformation = text[..<at].contains(":") || after.contains("/") || after.contains(".")
            if !after.lowercased().hasPrefix("sha"), hasUserInformation { return at }
            rest = rest[..<at]
        }
        return nil
    }
}
