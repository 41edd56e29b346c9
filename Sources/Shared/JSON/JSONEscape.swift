/// The escapes in JSON's strings: RFC 8259, 7.
enum JSONEscape {
    /// Reads one escape and steps behind it. Half of a surrogate pair becomes U+FFFD.
    ///
    /// - Returns: nil when it isn't any of JSON's.
    static func scalar(in bytes: ArraySlice<UInt8>, at position: inout Int) -> Unicode.Scalar? {
        guard position + 1 < bytes.endIndex else { return nil }
        let letter = bytes[position + 1]
        guard letter == UInt8(ascii: "u") else {
            guard let scalar = short(letter) else { return nil }
            position += 2
            return scalar
        }
        guard let unit = unit(in: bytes, at: position) else { return nil }
        position += 6
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard UTF16.isLeadSurrogate(unit), let next = self.unit(in: bytes, at: position), UTF16.isTrailSurrogate(next)
        else { return "\u{FFFD}" }
        position += 6
        return UTF16.decode(UTF16.EncodedScalar([unit, next]))
    }

    private static func short(_ letter: UInt8) -> Unicode.Scalar? {
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): Unicode.Scalar(letter)
        case UInt8(ascii: "b"): "\u{08}"
        case UInt8(ascii: "f"): "\u{0C}"
        case UInt8(ascii: "n"): "\n"
        case UInt8(ascii: "r"): "\r"
        case UInt8(ascii: "t"): "\t"
        default: nil
        }
    }

    /// The four digits behind `\u`.
    private static func unit(in bytes: ArraySlice<UInt8>, at position: Int) -> UInt16? {
        guard position + 5 < bytes.endIndex, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        else { return nil }
        var value: UInt16 = 0
        for byte in bytes[position + 2...position + 5] {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            value = value << 4 | UInt16(digit)
        }
        return value
    }
}
