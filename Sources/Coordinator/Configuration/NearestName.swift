/// "Did you mean": the known name that a misspelt one is closest to.
enum NearestName {
    /// The closest of `names`, when few enough changes lead to it. Case and the choice of separator don't count much.
    static func to(_ name: String, in names: some Sequence<String>) -> String? {
        let folded = fold(name)
        guard !folded.isEmpty, folded.count <= 64 else { return nil }
        let best = names.map { (name: $0, distance: distance(folded, fold($0))) }
            .min { ($0.distance, $0.name) < ($1.distance, $1.name) }
        guard let best, best.distance <= max(1, min(folded.count, best.name.count) / 4) else { return nil }
        return best.name
    }

    private static func fold(_ name: String) -> [Character] {
        name.uppercased().filter { $0 != "_" && $0 != "-" && $0 != "." && $0 != " " }
    }

    /// Insertions, deletions, substitutions and swaps of neighbours.
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
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
