/// What registries ask of those that come too often.
public enum RetryAfter {
    /// Seconds that a registry asks to be left alone (`Retry-After`), where the message carries them.
    public static func seconds(in message: String) -> Double? {
        // Nobody writes it far behind the beginning; a message can be of any length.
        let text = String(decoding: message.utf8.prefix(ErrorChain.mostBytes), as: UTF8.self).lowercased()
        for marker in ["retry-after: ", "retry-after:", "retry after ", "retry in "] {
            guard let start = text.firstRange(of: marker)?.upperBound else { continue }
            let number = text[start...].prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard let value = Double(number), value.isFinite, value >= 0 else { continue }
            let unit = text[start...].dropFirst(number.count).drop { $0 == " " }
            if unit.hasPrefix("ms") { return value / 1000 }
            return unit.hasPrefix("m") ? value * 60 : value
        }
        return nil
    }
}
