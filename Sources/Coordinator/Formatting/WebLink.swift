/// An address that people follow: `https://HOST/PATH` or `http://…`, without a slash at its end, so that more can be
/// added.
package struct WebLink: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    /// - Returns: nil for what no browser would follow from an alert: another scheme, no host, a query or a fragment
    ///   (something is added at the end), credentials, white space and control characters.
    package init?(_ text: String) {
        var rest = text[...]
        guard let scheme = ["https://", "http://"].first(where: text.hasPrefix) else { return nil }
        while rest.last == "/" { rest.removeLast() }
        let host = rest.dropFirst(scheme.count).prefix { $0 != "/" }
        let isPlain = rest.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"?#\"\\<>`{}".utf8.contains($0) }
        guard rest.count > scheme.count, isPlain, !host.isEmpty, !host.contains("@") else { return nil }
        description = String(rest)
    }

    /// `https://HOST:PORT`, as browsers write it in an Origin header.
    package var origin: String { String(description.prefix { $0 != ":" }) + "://" + host }

    /// With the port, when there's one.
    package var host: String { String(description.drop { $0 != ":" }.dropFirst(3).prefix { $0 != "/" }) }
}
