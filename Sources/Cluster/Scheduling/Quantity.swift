/// An amount of memory or CPU in the grammar of Kubernetes (`resource.Quantity`): `10Mi`, `200m`, `.05`, `1e3`.
///
/// Exact to a billionth; what is finer is rounded up, and what is greater than 2⁶³−1 is that number, as Kubernetes does.
public struct Quantity: Sendable, Hashable {
    /// Billionths of a byte or of a core.
    public let nano: Int128

    public static let zero = Quantity(nano: 0)
    static let maximum = Quantity(nano: Int128(Int64.max) * 1_000_000_000)

    init(nano: Int128) { self.nano = nano }

    /// Reads a quantity.
    ///
    /// - Throws: ``QuantityError``.
    public init(_ text: String) throws(QuantityError) {
        var rest = Substring(text)
        guard !rest.isEmpty else { throw .noNumber }
        let isNegative = rest.first == "-"
        if let sign = rest.first, sign == "-" || sign == "+" { rest.removeFirst() }

        let whole = rest.prefix(while: Self.isDigit)
        rest = rest.dropFirst(whole.count)
        var fraction = Substring()
        if rest.first == "." {
            fraction = rest.dropFirst().prefix(while: Self.isDigit)
            rest = rest.dropFirst(fraction.count + 1)
        }
        guard !(whole.isEmpty && fraction.isEmpty) else { throw .noNumber }
        guard let scale = Scale(rest) else { throw .unknownSuffix(String(rest)) }
        let magnitude = Self.magnitude(whole: whole, fraction: fraction, scale: scale)
        nano = isNegative ? -magnitude : magnitude
    }

    private static func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }

    private static func magnitude(whole: Substring, fraction: Substring, scale: Scale) -> Int128 {
        var mantissa: Int128 = 0
        var exponent = scale.decimal + 9
        for digit in whole {
            guard let next = shifted(mantissa, by: digit) else { return maximum.nano }
            mantissa = next
        }
        // Eighteen places are more than a billionth needs, whatever the suffix of a sane quantity.
        for digit in fraction.prefix(18) {
            guard let next = shifted(mantissa, by: digit) else { break }
            mantissa = next
            exponent -= 1
        }
        guard mantissa > 0 else { return fraction.contains { $0 != "0" } ? 1 : 0 }
        let (product, overflow) = mantissa.multipliedReportingOverflow(by: Int128(1) << Int128(scale.binary))
        if overflow { return maximum.nano }
        mantissa = product
        while exponent > 0 {
            guard mantissa <= maximum.nano else { return maximum.nano }
            mantissa *= 10
            exponent -= 1
        }
        while exponent < 0, mantissa > 1 {
            mantissa = mantissa / 10 + (mantissa % 10 == 0 ? 0 : 1)
            exponent += 1
        }
        return min(mantissa, maximum.nano)
    }

    private static func shifted(_ mantissa: Int128, by digit: Character) -> Int128? {
        guard let value = digit.wholeNumberValue, mantissa < Int128.max / 100 else { return nil }
        return mantissa * 10 + Int128(value)
    }

    /// The suffix: a power of two or of ten.
    private struct Scale {
        var decimal = 0
        var binary = 0

        init?(_ suffix: Substring) {
            switch suffix {
            case "": break
            case "n": decimal = -9
            case "u": decimal = -6
            case "m": decimal = -3
            case "k": decimal = 3
            case "M": decimal = 6
            case "G": decimal = 9
            case "T": decimal = 12
            case "P": decimal = 15
            case "E": decimal = 18
            case "Ki": binary = 10
            case "Mi": binary = 20
            case "Gi": binary = 30
            case "Ti": binary = 40
            case "Pi": binary = 50
            case "Ei": binary = 60
            default:
                guard suffix.first == "e" || suffix.first == "E" else { return nil }
                let digits = suffix.dropFirst()
                guard let last = digits.last, isDigit(last), let power = Int(digits) else { return nil }
                decimal = max(-100, min(100, power))
            }
        }
    }
}

extension Quantity: Comparable {
    public static func < (left: Quantity, right: Quantity) -> Bool { left.nano < right.nano }

    public static func + (left: Quantity, right: Quantity) -> Quantity {
        Quantity(nano: min(left.nano + right.nano, maximum.nano))
    }

    /// The sum of `count` such quantities.
    public static func * (quantity: Quantity, count: Int) -> Quantity {
        let (product, overflow) = quantity.nano.multipliedReportingOverflow(by: Int128(count))
        return Quantity(nano: overflow ? maximum.nano : min(product, maximum.nano))
    }
}

extension Quantity {
    /// As an amount of memory, for people: `200Mi`, `1.5Gi`, `812Ki`.
    public var asMemory: String {
        let bytes = nano / 1_000_000_000
        for (suffix, unit) in [("Ti", Int128(1) << 40), ("Gi", Int128(1) << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)]
        where bytes >= unit {
            if bytes % unit == 0 { return "\(bytes / unit)\(suffix)" }
            // A smaller unit says it exactly, and is not yet hard to read.
            if bytes < unit * 10, bytes % (unit / 1024) == 0 { continue }
            let tenths = bytes * 10 / unit
            return "\(tenths / 10).\(tenths % 10)\(suffix)"
        }
        return "\(bytes)"
    }

    /// As an amount of CPU, for people: `200m`, `2`.
    public var asCPU: String {
        let milli = (nano + 999_999) / 1_000_000
        return milli % 1000 == 0 ? "\(milli / 1000)" : "\(milli)m"
    }
}

/// Why a text is no quantity.
public enum QuantityError: Error, Hashable, Sendable {
    /// It doesn't begin with a number.
    case noNumber
    /// What follows the number is none of Kubernetes' suffixes.
    case unknownSuffix(String)
}
