import Cluster

/// The four quantities of a sleep container, each read alone and then compared.
enum SleepResources {
    /// CRI-O with runc refuses to start a container whose memory limit is lower; Source: CRI-O's `minMemoryLimit`.
    static let smallestSafeMemoryLimit = Quantity.mebibytes(12)

    static func quantity(_ text: String, isMemory: Bool) throws(ValueFault) -> Quantity {
        let examples = isMemory ? "such as 10Mi or 64Mi" : "such as 1m, 200m or .2"
        let quoted = Redaction.quote(text, limit: 40)
        let quantity: Quantity
        do {
            quantity = try Quantity(text)
        } catch {
            switch error {
            case .noNumber:
                throw ValueFault(
                    "\"\(quoted)\" is no quantity: it doesn't begin with a number", next: "write one, \(examples)")
            case .unknownSuffix(let suffix):
                let number = Redaction.quote(text.dropLast(suffix.count).trimmed, limit: 40)
                throw ValueFault(
                    "\"\(quoted)\" is no quantity: \"\(Redaction.quote(suffix, limit: 20))\" is no unit of Kubernetes",
                    next: Self.suffix(for: suffix).map { "write \(number)\($0)" } ?? "write a quantity, \(examples)")
            }
        }
        guard quantity >= .zero else {
            throw ValueFault("\(quoted) is negative", next: "write a quantity, \(examples)")
        }
        return quantity
    }

    /// What somebody who wrote an unknown suffix meant.
    private static func suffix(for text: String) -> String? {
        let letters = text.trimmed.lowercased()
        let known = ["k": "Ki", "m": "Mi", "g": "Gi", "t": "Ti"]
        for ending in ["", "b", "i", "ib"] where letters.count == ending.count + 1 && letters.hasSuffix(ending) {
            return letters.first.flatMap { known[String($0)] }
        }
        return nil
    }
}

extension Quantity {
    static func mebibytes(_ count: Int) -> Quantity {
        // A literal of the grammar; nothing else can come of it.
        (try? Quantity("\(count)Mi")) ?? .zero
    }
}
