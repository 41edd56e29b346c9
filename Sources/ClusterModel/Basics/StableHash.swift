/// FNV-1a, for digests and ids that look real and are the same in every run (Swift's own hashes are not).
public enum StableHash {
    public static func hash(_ text: String) -> UInt64 {
        var value: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return value
    }

    /// 64 hexadecimal digits that follow from the text.
    public static func hex64(_ text: String) -> String {
        var generator = SeededGenerator(seed: hash(text))
        return (0..<4).map { _ in
            let digits = String(generator.next(), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
