/// A selection by labels, as the `labelSelector` parameter writes it: `a=b,c!=d,e in (f,g),h,!i`.
struct LabelSelector: Sendable, Equatable {
    enum Requirement: Sendable, Equatable {
        case `in`(String, [String])
        case notIn(String, [String])
        case exists(String)
        case absent(String)
    }

    let requirements: [Requirement]

    init(_ text: String) throws(APIError) {
        var requirements: [Requirement] = []
        for term in LabelSelector.terms(text) { requirements.append(try LabelSelector.requirement(term)) }
        self.requirements = requirements
    }

    func matches(_ labels: [String: String]) -> Bool {
        requirements.allSatisfy { requirement in
            switch requirement {
            case .in(let key, let values): labels[key].map(values.contains) ?? false
            case .notIn(let key, let values): labels[key].map { !values.contains($0) } ?? true
            case .exists(let key): labels[key] != nil
            case .absent(let key): labels[key] == nil
            }
        }
    }

    /// Splits at the commas that aren't inside parentheses.
    private static func terms(_ text: String) -> [String] {
        var terms = [""]
        var depth = 0
        for character in text {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if character == ",", depth == 0 { terms.append("") } else { terms[terms.count - 1].append(character) }
        }
        return terms.map { $0.trimmingWhitespace() }.filter { !$0.isEmpty }
    }

    private static func requirement(_ term: String) throws(APIError) -> Requirement {
        for (word, negative) in [(" notin ", true), (" in ", false)] {
            guard let range = term.firstRange(of: word) else { continue }
            let list = term[range.upperBound...].trimmingWhitespace()
            guard list.hasPrefix("("), list.hasSuffix(")") else { break }
            let values = list.dropFirst().dropLast().split(separator: ",").map { $0.trimmingWhitespace() }
            let key = term[..<range.lowerBound].trimmingWhitespace()
            return negative ? .notIn(key, values) : .in(key, values)
        }
        for (sign, negative) in [("!=", true), ("==", false), ("=", false)] {
            guard let range = term.firstRange(of: sign) else { continue }
            let key = term[..<range.lowerBound].trimmingWhitespace()
            let value = term[range.upperBound...].trimmingWhitespace()
            return negative ? .notIn(key, [value]) : .in(key, [value])
        }
        let isNegative = term.hasPrefix("!")
        let key = isNegative ? term.dropFirst().trimmingWhitespace() : term
        guard !key.contains(where: { " ()".contains($0) }) else {
            throw .badRequest(
                "unable to parse requirement: found '\(key)', expected: in, notin, =, ==, !=, gt, lt")
        }
        return isNegative ? .absent(key) : .exists(key)
    }
}
