/// "Did you mean": the known name that a misspelt one is closest to.
package enum NearestName {
    /// The closest of `names`, when few enough changes lead to it, or the only one that begins so. Case and the choice of
    /// separator don't count.
    package static func to(_ name: String, in names: some Sequence<String>) -> String? {
        let folded = fold(name)
        // Names of nodes are no longer than that; the work grows with the square.
        guard !folded.isEmpty, folded.count <= 253 else { return nil }
        var best: (name: String, distance: Int)?
        var beginnings: [String] = []
        for name in names {
            let letters = fold(name)
            if folded.count >= 3, letters.starts(with: folded) { beginnings.append(name) }
            let limit = max(1, min(folded.count, letters.count) / 4)
            // A cluster has thousands of nodes: most names are too long or too short to be compared.
            guard abs(letters.count - folded.count) <= limit else { continue }
            let distance = distance(folded, letters)
            guard distance <= limit else { continue }
            if let known = best, (known.distance, known.name) <= (distance, name) { continue }
            best = (name, distance)
        }
        return best?.name ?? (beginnings.count == 1 ? beginnings[0] : nil)
    }

    /// ` Did you mean "x"?`, or nothing.
    package static func hint(for name: String, among names: some Sequence<String>) -> String {
        to(name, in: names).map { " Did you mean \"\($0)\"?" } ?? ""
    }

    private static func fold(_ name: String) -> [Character] {
        name.uppercased().filter { $0 != "_" && $0 != "-" && $0 != "." && $0 != " " }
    }

    /// Insertions, deletions, substitutions and swaps of neighbours.
    static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var beforePrevious: [Int] = []
        var previous = Array(0...right.count)
        for (row, a) in left.enumerated() {
            var current = [row + 1]
            for (column, b) in right.enumerated() {
                var cost = min(previous[column + 1] + 1, current[column] + 1, previous[column] + (a == b ? 0 : 1))
                if row > 0, column > 0, a == right[column - 1], left[row - 1] == b {
                    cost = min(cost, beforePrevious[column - 1] + 1)
                }
                current.append(cost)
            }
            beforePrevious = previous
            previous = current
        }
        return previous[right.count]
    }
}
