import Formatting

/// What a configuration's findings can take together: a ConfigMap of a megabyte has as many of them as it has lines, and each goes
/// to the log, to history, and into every answer about the configuration.
extension Finding {
    /// So many are told one by one.
    static let most = 100
    /// Their texts together, in UTF-8; a single one has a sixteenth of it at most.
    static let mostBytes = 64 << 10

    /// The same in their order. Where they are too many, what has no effect comes before what is only worth knowing, a whole key
    /// before entries of a list, and others at the end say how many more there are.
    static func bounded(_ findings: [Finding]) -> [Finding] {
        let findings = findings.map(\.cut)
        var told: Set<Int> = []
        var bytes = 0
        var leftOut: [Finding] = []
        for severity in Severity.allCases {
            var first: Finding?
            var count = 0
            let all = findings.indices.filter { findings[$0].severity == severity }
            for index in all.filter({ findings[$0].entry == nil }) + all.filter({ findings[$0].entry != nil }) {
                let finding = findings[index]
                let size = finding.bytes
                if count == 0, told.count < most, bytes + size <= mostBytes {
                    told.insert(index)
                    bytes += size
                } else {
                    first = first ?? finding
                    count += 1
                }
            }
            if let first { leftOut.append(others(count, as: first)) }
        }
        return findings.indices.filter(told.contains).map { findings[$0] } + leftOut
    }

    private static func others(_ count: Int, as first: Finding) -> Finding {
        let what =
            switch first.severity {
            case .error: counted(count, "more error")
            case .warning: counted(count, "more warning")
            case .info: counted(count, "more remark")
            }
        return Finding(
            severity: first.severity, key: first.key,
            message: what + (first.entry.map { ", from entry \($0.number) on" } ?? ""),
            nextStep: "coordinator config check FILE shows all of them", others: count)
    }

    private var cut: Finding {
        var finding = self
        finding.message = message.cut(toUTF8Bytes: Self.mostBytes / 32)
        finding.nextStep = nextStep?.cut(toUTF8Bytes: Self.mostBytes / 32)
        return finding
    }

    private var bytes: Int {
        key.utf8.count + message.utf8.count + (nextStep?.utf8.count ?? 0) + (entry?.text.utf8.count ?? 0)
    }
}
