import Cluster
import Planning
import Testing

@testable import Alerts

/// Random histories of nodes, restarts and receivers, against a model of Alertmanager.
@Suite("Alerts over random histories") struct AlertHistoryTests {
    /// What an Alertmanager makes of what it is told: by labels, and active until `endsAt`.
    private struct Receiver {
        var ends: [AlertKey: Timestamp] = [:]
        var starts: [AlertKey: Timestamp] = [:]
        /// How often each alert became active.
        var raised: [AlertKey: Int] = [:]

        mutating func take(_ alerts: [Alert], at now: Timestamp) {
            for alert in alerts {
                let end = alert.resolvedAt ?? now + AlertBook.expirySeconds
                if !isActive(alert.key, at: now), end > now { raised[alert.key, default: 0] += 1 }
                ends[alert.key] = end
                starts[alert.key] = alert.startsAt
            }
        }

        func isActive(_ key: AlertKey, at now: Timestamp) -> Bool { ends[key].map { $0 > now } ?? false }
        func active(at now: Timestamp) -> Set<AlertKey> { Set(ends.keys.filter { isActive($0, at: now) }) }
    }

    /// The truth of one image on one node.
    private struct Cell {
        var reason: String?  // nil: present
        var isKnown = true
    }

    @Test(arguments: 0..<150) func theReceiverKnowsWhatIsSo(seed: Int) {
        var random = Seeded(seed)
        var cells: [String: [String: Cell]] = [:]
        for image in ["a", "b"] { for node in 1...5 { cells[image, default: [:]]["n\(node)"] = Cell() } }
        var book = AlertBook()
        var receiver = Receiver()
        var stored: [AlertKey: [Timestamp: Alert]] = [:]
        var everOverdue: Set<AlertKey> = []
        var now = Timestamp(milliseconds: 1_000_000)
        var isUp = true
        var downSince = now

        for step in 0..<300 {
            now = now + Double.random(in: 1...20, using: &random)
            let where_ = "seed \(seed) step \(step)"
            // The world.
            for image in cells.keys.sorted() {
                for node in (cells[image] ?? [:]).keys.sorted() where random.chance(8) {
                    let reason =
                        random.chance(50) ? nil : ["network", "notFound", "pending"].randomElement(using: &random)
                    cells[image]?[node] = Cell(reason: reason, isKnown: random.chance(75))
                }
            }
            if random.chance(5) {
                isUp.toggle()
                downSince = now
            }
            if random.chance(4) {
                // Another coordinator: nothing is known, and what wasn't saved is lost.
                let before = book
                book = AlertBook()
                book.restore(stored.values.flatMap(\.values).filter { $0.isFiring || $0.isTold })
                #expect(Set(book.firing.keys) == Set(before.firing.keys), "\(where_): a restart forgets nothing")
                for image in cells.keys {
                    for node in cells[image]?.keys ?? [:].keys { cells[image]?[node]?.isKnown = false }
                }
            }

            // A look.
            var groups: [AlertKey: OverdueGroup] = [:]
            for (image, nodes) in cells {
                for (node, cell) in nodes where cell.isKnown {
                    guard let reason = cell.reason else { continue }
                    let key = AlertKey(image: image, reason: reason)
                    groups[key, default: OverdueGroup(key: key, reference: image, nodes: [], since: now)].nodes.append(
                        node)
                }
            }
            everOverdue.formUnion(groups.keys)
            let before = book.firing
            book.update(groups.values.map { $0 }, at: now) { image, node in cells[image]?[node]?.isKnown == false }
            for alert in book.takeUnsaved() { stored[alert.key, default: [:]][alert.startsAt] = alert }

            // Nothing but a known, overdue cell raises; nothing but knowledge resolves.
            for (key, alert) in book.firing {
                #expect(everOverdue.contains(key), "\(where_)")
                if before[key] == nil { #expect(groups[key] != nil, "\(where_): \(key) was raised by nothing") }
                #expect(!alert.nodes.isEmpty, "\(where_)")
                for node in groups[key]?.nodes ?? [] { #expect(alert.nodes.contains(node), "\(where_)") }
            }
            for (key, alert) in before where book.firing[key] == nil {
                let unknown = alert.nodes.filter { cells[key.image]?[$0]?.isKnown == false }
                #expect(unknown.isEmpty && groups[key] == nil, "\(where_): \(key) was resolved by nothing")
            }

            // Telling.
            let due = book.due(at: now)
            for alert in book.takeUnsaved() { stored[alert.key, default: [:]][alert.startsAt] = alert }
            if isUp {
                receiver.take(due, at: now)
                book.told(due, at: now)
            } else if !due.isEmpty {
                if random.chance(30) { receiver.take(due, at: now) }  // it took them, but its answer was lost
                book.failed(at: now, using: &random)
            }
            for alert in book.takeUnsaved() { stored[alert.key, default: [:]][alert.startsAt] = alert }

            // A receiver that has been up for longer than any pause knows exactly what fires.
            if isUp, now.milliseconds(since: downSince) > 100_000 {
                let active = receiver.active(at: now)
                let differing = active.symmetricDifference(book.firing.keys)
                #expect(differing.isEmpty, "\(where_): \(active.count) active")
                for (key, alert) in book.firing { #expect(receiver.starts[key] == alert.startsAt, "\(where_)") }
            }
        }
    }

    /// With a receiver that stays up, an alert becomes active there exactly as often as it is raised, restarts or not.
    @Test(arguments: 0..<50) func restartsRepeatNothing(seed: Int) {
        var random = Seeded(seed)
        var book = AlertBook()
        var receiver = Receiver()
        var stored: [Timestamp: Alert] = [:]
        var now = Timestamp(milliseconds: 0)
        let key = AlertKey(image: "a", reason: "network")
        var isOverdue = false
        var raised = 0
        for _ in 0..<200 {
            now = now + Double.random(in: 1...30, using: &random)
            let group = OverdueGroup(key: key, reference: "a", nodes: ["n"], since: now)
            if random.chance(20) {
                isOverdue.toggle()
                if isOverdue { raised += 1 }
                book.update(isOverdue ? [group] : [], at: now) { _, _ in false }
            } else if random.chance(30) {
                for alert in book.takeUnsaved() { stored[alert.startsAt] = alert }
                book = AlertBook()
                book.restore(stored.values.filter { $0.isFiring || $0.isTold })
                book.update([], at: now) { _, _ in true }
            }
            let due = book.due(at: now)
            receiver.take(due, at: now)
            book.told(due, at: now)
            for alert in book.takeUnsaved() { stored[alert.startsAt] = alert }
        }
        #expect(receiver.raised[key] ?? 0 == raised, "seed \(seed)")
    }
}
