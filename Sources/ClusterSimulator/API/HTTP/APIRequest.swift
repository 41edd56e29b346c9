import FoundationEssentials
import Shared

/// One request, free of the HTTP server that received it.
struct APIRequest: Sendable {
    var method: String
    /// Decoded, without the query.
    var path: String
    /// Decoded; of repeated names the last counts.
    var query: [String: String] = [:]
    /// Names in lower case.
    var headers: [String: String] = [:]
    var body: [UInt8] = []

    init(
        _ method: String, _ target: String, headers: [String: String] = [:], body: [UInt8] = []
    ) {
        self.method = method
        self.headers = Dictionary(headers.map { ($0.key.lowercased(), $0.value) }) { _, last in last }
        self.body = body
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = parts[0].percentDecoded()
        guard parts.count > 1 else { return }
        for pair in parts[1].split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let texts = sides.map { side in
                side.replacing("+", with: " ").percentDecoded()
            }
            query[texts[0]] = texts.count > 1 ? texts[1] : ""
        }
    }

    /// The media type of the body, without its parameters; nil when none is said.
    var mediaType: String? {
        guard let type = headers["content-type"], !type.isEmpty else { return nil }
        return type.split(separator: ";").first?.trimmingWhitespace().lowercased()
    }

    /// A query parameter that is true by `1`, `true` or by standing there without a value.
    func flag(_ name: String) -> Bool {
        guard let value = query[name] else { return false }
        return ["", "1", "true", "t"].contains(value.lowercased())
    }

    /// A query parameter that isn't empty.
    func parameter(_ name: String) -> String? {
        guard let value = query[name], !value.isEmpty else { return nil }
        return value
    }

    /// The name under which ordinary writes are noted: `fieldManager`, else the program's name.
    var manager: FieldManager {
        if let name = parameter("fieldManager") { return FieldManager(name: name) }
        let agent = headers["user-agent"] ?? ""
        return FieldManager(name: agent.split(separator: "/").first.map(String.init) ?? "unknown")
    }
}

extension StringProtocol {
    /// With `%41` read as `A`; what isn't such an escape stays as it is.
    func percentDecoded() -> String {
        var bytes: [UInt8] = []
        var rest = Substring(self).utf8[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2)
            if byte == UInt8(ascii: "%"), digits.count == 2, let code = UInt8(Substring(digits), radix: 16) {
                bytes.append(code)
                rest.removeFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Without spaces, tabs and line ends on both sides.
    func trimmingWhitespace() -> String {
        var text = self[...]
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
