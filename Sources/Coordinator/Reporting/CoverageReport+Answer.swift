extension CoverageReport: Answer {
    package var names: [String]? {
        ["image", "node"].contains(grouping) ? rows.map { "\(grouping)/\($0.name)" } : nil
    }

    package var timeless: CoverageReport {
        var copy = self
        copy.at = ""
        copy.secondsLeft = nil
        for index in copy.rows.indices {
            copy.rows[index].reportAgeSeconds = nil
            for group in copy.rows[index].failures.indices { copy.rows[index].failures[group].nextAttemptSeconds = nil }
        }
        return copy
    }
}
