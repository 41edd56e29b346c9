import ConfigurationParsing
import Formatting

extension FailureGroup {
    mutating func absorb(_ other: Self) {
        cells += other.cells
        attempts = max(attempts, other.attempts)
        registryDownSince = registryDownSince ?? other.registryDownSince
        if let more = other.waiting { waiting = max(waiting ?? 0, more) }
        nodes = Array((nodes + other.nodes).prefix(Self.maximumNodes))
        if let more = other.deviations { deviations = Array(((deviations ?? []) + more).prefix(Self.maximumNodes)) }
        if let next = other.nextAttemptSeconds, next < nextAttemptSeconds ?? .max {
            nextAttempt = other.nextAttempt
            nextAttemptSeconds = next
        }
    }
}

extension HangingGroup {
    mutating func absorb(_ other: Self) {
        cells += other.cells
        nodes = Array((nodes + other.nodes).prefix(FailureGroup.maximumNodes))
        deviations = Array((deviations + other.deviations).prefix(FailureGroup.maximumNodes))
    }
}

extension NotHeldGroup {
    mutating func absorb(_ other: Self) {
        cells += other.cells
        nodes = Array((nodes + other.nodes).prefix(FailureGroup.maximumNodes))
    }
}

extension CoverageReport {
    /// What keeps images from being covered, for a terminal: each image and reason once, whatever the rows are.
    var problems: [String] {
        var failures = Grouped<FailureGroup>()
        var hanging = Grouped<HangingGroup>()
        var notHeld = Grouped<NotHeldGroup>()
        for row in rows {
            for group in row.failures {
                failures.merge(group, image: group.image, reason: group.reason) { $0.absorb($1) }
            }
            for group in row.hanging ?? [] { hanging.merge(group, image: group.image, reason: "") { $0.absorb($1) } }
            for group in row.notHeld {
                notHeld.merge(group, image: group.image, reason: group.reason) { $0.absorb($1) }
            }
        }
        return failures.groups.map(\.text) + hanging.groups.map(\.text) + notHeld.groups.map(\.text)
    }
}

extension FailureGroup {
    /// For people: the runtime's message and what else there is to say on lines of their own.
    var text: String {
        var parts = ["\(image): failed on \(Trouble.nodes(cells, nodes))", reason]
        parts.append(permanent ? "needs a change" : "is tried again")
        if let registryDownSince {
            // Whose turn it is to probe says nothing to anybody.
            parts.append("the registry is down since \(registryDownSince): one node at a time asks whether it answers")
        } else {
            if attempts > 0 { parts.append("attempt \(attempts)") }
            if let nextAttemptSeconds { parts.append("next try " + Trouble.span(nextAttemptSeconds)) }
        }
        var text = parts.joined(separator: ", ") + Trouble.indented(message)
        for deviation in deviations ?? [] { text += Trouble.indented(deviation) }
        if let waiting {
            text +=
                "\n    " + counted(waiting, "other node") + (waiting == 1 ? " waits" : " wait")
                + " until it works there, so that a broken image is tried on two nodes at a time"
        }
        return text
    }
}

extension HangingGroup {
    fileprivate var text: String {
        deviations.reduce("\(image): the pull doesn't end on \(Trouble.nodes(cells, nodes))") {
            $0 + Trouble.indented($1)
        }
    }
}

extension NotHeldGroup {
    var text: String {
        let words =
            switch reason {
            case Self.refused:
                "present, refused by the kubelet on \(Trouble.nodes(cells, nodes)): pods that use it there are refused as well; "
                    + "the kubelets pull it under this name, with IMAGE_PULL_SECRETS"
            case Self.notWhole:
                "in use on \(Trouble.nodes(cells, nodes)), but not whole: no other container can be made of it; it is removed "
                    + "and pulled again when no container uses it"
            default:
                "present but not held on \(Trouble.nodes(cells, nodes)), \(reason): its container doesn't run, so the kubelet's "
                    + "garbage collection may remove the image"
            }
        return "\(image): \(words)" + Trouble.indented(message)
    }
}

/// Groups by image and reason, in the order of their first appearance.
private struct Grouped<Group> {
    private(set) var groups: [Group] = []
    private var positions: [[String]: Int] = [:]

    mutating func merge(_ group: Group, image: String, reason: String, absorb: (inout Group, Group) -> Void) {
        if let position = positions[[image, reason]] {
            absorb(&groups[position], group)
        } else {
            positions[[image, reason]] = groups.count
            groups.append(group)
        }
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
        message.isEmpty ? "" : message.split(separator: "\n").map { "\n    " + $0.printable }.joined()
    }
}
