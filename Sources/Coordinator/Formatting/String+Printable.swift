extension StringProtocol {
    /// The text without what a terminal or a viewer would obey: control characters, which could move the cursor, and marks
    /// that turn the direction of writing round. Runs of such become one space.
    package var printable: String {
        guard unicodeScalars.contains(where: Self.isObeyed) else { return String(self) }
        var result = String.UnicodeScalarView()
        var isGap = false
        for scalar in unicodeScalars {
            if Self.isObeyed(scalar) {
                isGap = true
            } else {
                if isGap { result.append(" ") }
                isGap = false
                result.append(scalar)
            }
        }
        return String(result)
    }

    private static func isObeyed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x7E: return false
        case 0..<0x20, 0x7F...0x9F: return true
        default: break
        }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: return true
        default: return false
        }
    }
}
