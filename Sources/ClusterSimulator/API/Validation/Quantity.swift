/// An amount of a resource as Kubernetes writes it: `10Mi`, `200m`, `1.5`.
struct Quantity: Sendable, Comparable {
    let value: Double

    /// Nil when it isn't one.
    init?(_ text: String) {
        let digits = text.prefix { $0.isNumber || "+-.".contains($0) }
        let suffix = text[digits.endIndex...]
        guard let number = Double(digits) else { return nil }
        if let scale = Quantity.scales[String(suffix)] {
            value = number * scale
        } else if suffix.first == "e" || suffix.first == "E", let exact = Double(text) {
            value = exact
        } else {
            return nil
        }
    }

    static func < (left: Quantity, right: Quantity) -> Bool { left.value < right.value }

    private static let scales: [String: Double] = [
        "": 1, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
        "Ki": 1024, "Mi": 1_048_576, "Gi": 1_073_741_824, "Ti": 1_099_511_627_776, "Pi": 1_125_899_906_842_624,
        "Ei": 1_152_921_504_606_846_976,
    ]
}
