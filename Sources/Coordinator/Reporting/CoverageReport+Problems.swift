/// Cells with the same trouble, of the same image.
protocol TroubleGroup {
    var reason: String { get }
    var image: String { get }
    var cells: Int { get }
    /// Takes in another group of the same image and reason.
    mutating func absorb(_ other: Self)
}

extension Array where Element: TroubleGroup {
    mutating func merge(_ group: Element) {
        if let index = firstIndex(where: { $0.reason == group.reason && $0.image == group.image }) {
            self[index].absorb(group)
        } else {
            append(group)
        }
    }
}

extension FailureGroup: TroubleGroup {
    mutating func absorb(_ other: Self) {
        cells += other.cells
        attempts = max(attempts, other.attempts)
        nodes = Array((nodes + other.nodes).prefix(Self.maximumNodes))
        if let next = other.nextAttemptSeconds, next < nextAttemptSeconds ?? .max {
            nextAttempt = other.nextAttempt
            nextAttemptSeconds = next
        }
    }
}

extension NotHeldGroup: TroubleGroup {
    mutating func absorb(_ other: Self) {
        cells += other.cells
        nodes = Array((nodes + other.nodes).prefix(FailureGroup.maximumNodes))
    }
}

extension CoverageReport {
    /// What keeps images from being covered, for a terminal: each image and reason once, whatever the rows are.
    var problems: [String] {
        var failures: [FailureGroup] = []
        var notHeld: [NotHeldGroup] = []
        for row in rows {
            row.failures.forEach { failures.merge($0) }
            row.notHeld.forEach { notHeld.merge($0) }
        }
        return failures.map(\.text) + notHeld.map(\.text)
    }
}

extension FailureGroup {
    fileprivate var text: String {
        var parts = ["\(image): failed on \(Trouble.nodes(cells, nodes))", reason]
        parts.append(permanent ? "needs a change" : "is tried again")
        if attempts > 0 { parts.append("attempt \(attempts)") }
        if let nextAttemptSeconds { parts.append("next try " + Trouble.span(nextAttemptSeconds)) }
        return parts.joined(separator: ", ") + Trouble.indented(message)
    }
}

extension NotHeldGroup {
    fileprivate var text: String {
        "\(image): present but not held on \(Trouble.nodes(cells, nodes)), \(reason): its container doesn't run, so the "
            + "kubelet's garbage collection may remove the image" + Trouble.indented(message)
    }
}

/// The words of the problem list.
enum Trouble {
    /// `7 nodes (a, b, c, d, e, ...)`
    static func nodes(_ count: Int, _ names: [String]) -> String {
        let more = count > names.count ? ", ..." : ""
        return counted(count, "node") + " (" + names.joined(separator: ", ") + more + ")"
    }

    /// `in 9 min`; rounded up, so that nobody waits in vain.
    static func span(_ seconds: Int) -> String {
        switch seconds {
        case ...0: "now"
        case ..<120: "in \(seconds) s"
        case ..<7200: "in \((seconds + 59) / 60) min"
        default: "in \((seconds + 3599) / 3600) h"
        }
    }

    static func indented(_ message: String) -> String {
        message.isEmpty ? "" : message.split(separator: "\n").map { "\n    " + $0 }.joined()
    }
}
