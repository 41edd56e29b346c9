extension StringProtocol {
    /// The text without what a terminal, a log or a viewer would obey: control characters, which could move the cursor or
    /// begin a line, and marks that turn the direction of writing round. Runs of such become one space.
    public var withoutControls: String {
        // Nearly all texts are plain.
        if utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { return String(self) }
        guard hasControls else { return String(self) }
        var result = String.UnicodeScalarView()
        var isGap = false
        for scalar in unicodeScalars {
            if scalar.isObeyed {
                isGap = true
            } else {
                if isGap { result.append(" ") }
                isGap = false
                result.append(scalar)
            }
        }
        return String(result)
    }

    /// Whether ``withoutControls`` is another text.
    public var hasControls: Bool {
        if utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { return false }
        return unicodeScalars.contains { $0.isObeyed }
    }

    /// ``withoutControls``, not longer than so many bytes of UTF-8.
    public func cleaned(maximumBytes limit: Int) -> String {
        let clean = withoutControls
        guard clean.utf8.count > limit else { return clean }
        var end = clean.utf8.index(clean.startIndex, offsetBy: limit)
        while end > clean.startIndex, end.samePosition(in: clean.unicodeScalars) == nil {
            end = clean.utf8.index(before: end)
        }
        return String(clean[..<end])
    }
}

extension Unicode.Scalar {
    fileprivate var isObeyed: Bool {
        switch value {
        case 0x20...0x7E: return false
        case 0..<0x20, 0x7F...0x9F: return true
        default: break
        }
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: return true
        default: return false
        }
    }
}
