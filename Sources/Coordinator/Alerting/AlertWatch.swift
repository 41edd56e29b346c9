import Alerts
import Cluster
import ConfigurationParsing
import Control
import History
import ImageSets
import Logging
import Planning
import Reporting
import Shared
import Telemetry

/// Looks at the fleet again and again: raises and resolves alerts, tells the receiver, and finds what is worth an Event.
///
/// Scrapes share what it finds, so that Prometheus and the receiver are told the same.
package actor AlertWatch {
    /// What to do with what is worth an Event.
    package typealias Tell = @Sendable (CoverageNews.News, Configuration) -> Void

    private let loop: ControlLoop
    private let clock: CoordinatorClock
    private let memory: any AlertMemory
    private let origin: AlertMessage.Origin
    private let receiver: AlertReceiver
    private let tell: Tell
    private let logger: Logger

    private var scan = OverdueScan()
    private var news = CoverageNews()
    private(set) var book = AlertBook()
    private var random = SystemRandomNumberGenerator()
    /// Before that nothing is judged: what was raised earlier would be raised again.
    private var isRestored = false
    private var versions: (images: [ImageEntry], at: Timestamp, counts: [Int])?
    private var lastLook: (revision: Int, at: Timestamp)?

    /// How often images' versions are counted, which takes a look at every cell's image.
    private static let versionSeconds = 60.0

    package init(
        loop: ControlLoop, clock: CoordinatorClock, memory: any AlertMemory, origin: AlertMessage.Origin,
        receiver: AlertReceiver = AlertReceiver(), logger: Logger,
        tell: @escaping Tell = { _, _ in }
    ) {
        self.loop = loop
        self.clock = clock
        self.memory = memory
        self.origin = origin
        self.receiver = receiver
        self.logger = logger
        self.tell = tell
    }

    /// Works until cancelled.
    package func run() async {
        await restore()
        while !Task.isCancelled {
            if let snapshot = await loop.snapshot() { look(snapshot, cells: snapshot.targetCells()) }
            await save()
            let configuration = await loop.configuration
            if let webhook = configuration?.alertWebhookURL { await send(to: webhook) }
            try? await Task.sleep(for: Self.interval(alertAfter: configuration?.alertAfterSeconds ?? 10))
        }
    }

    /// Often enough to be on time, and not more.
    static func interval(alertAfter seconds: Int) -> Duration {
        .milliseconds(milliseconds(alertAfter: seconds))
    }

    private static func milliseconds(alertAfter seconds: Int) -> Int { min(max(seconds * 1000 / 20, 500), 5000) }

    /// Takes what an earlier run left. To be done once, before anything else.
    func restore() async {
        guard !isRestored else { return }
        if let remembered = await memory.recall(at: clock.now) {
            scan.inherit(remembered.absencesWithAlerts, lastAlive: remembered.lastAlive)
            book.restore(remembered.alerts)
        }
        isRestored = true
    }

    // MARK: Looking

    func look(_ snapshot: Snapshot, cells: [NodeCells]) {
        guard isRestored else { return }
        lastLook = (snapshot.revision, snapshot.now)
        let groups = scan.look(snapshot, cells: cells)
        let columns = Dictionary(
            snapshot.images.enumerated().map { ($0.element.name, $0.offset) },
            uniquingKeysWith: { first, _ in first })
        let byNode =
            book.firing.isEmpty
            ? [:] : Dictionary(cells.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let before = Set(book.firing.keys)
        book.update(groups, at: snapshot.now) { image, node in
            guard let column = columns[image], let cells = byNode[node] else { return false }
            return cells.row.states[column] == .unknown
        }
        log(before: before, after: Set(book.firing.keys))
        for piece in news.look(snapshot, cells: cells) {
            if case .nodeWarmed(_, let seconds) = piece { Instruments.nodeWarmed(after: seconds) }
            if case .looping(let subject) = piece {
                logger.error("something is repeated without end", metadata: ["what": "\(subject.complaint)"])
            }
            tell(piece, piece.configuration(in: snapshot))
        }
    }

    /// What a scrape gets of it, after another look if there was none just now.
    package func families(_ snapshot: Snapshot, cells: [NodeCells]) -> [MetricFamily] {
        if !hasLooked(at: snapshot) { look(snapshot, cells: cells) }
        let names = LastingNames(snapshot)
        var most = snapshot.images.map { _ in 0 }
        for (column, count) in versionCounts(snapshot, cells: cells).enumerated() {
            most[names.first[column]] = max(most[names.first[column]], count)
        }
        let versions = most.indices.filter { names.first[$0] == $0 }.map {
            MetricFamily.Sample(labels: [MetricLabel("image", names.images[$0])], value: Double(most[$0]))
        }
        return [
            MetricFamily(MetricCatalogue.Coverage.overdue, overdue(snapshot.images, names)),
            MetricFamily(MetricCatalogue.Coverage.versions, versions),
            loops(snapshot),
        ]
    }

    private func overdue(_ images: [ImageEntry], _ names: LastingNames) -> [MetricFamily.Sample] {
        let lasting = Dictionary(zip(images.map(\.name), names.images), uniquingKeysWith: { first, _ in first })
        var sums: [[MetricLabel]: Int] = [:]
        var order: [[MetricLabel]] = []
        for alert in book.firing.values.sorted(by: { $0.key < $1.key }) {
            let labels = [
                MetricLabel("image", lasting[alert.key.image] ?? alert.key.image),
                MetricLabel("reason", alert.key.reason),
                MetricLabel("registry", (try? ImageReference(alert.reference))?.registry ?? ""),
            ]
            if sums[labels] == nil { order.append(labels) }
            sums[labels, default: 0] += alert.nodes.count
        }
        return order.map { MetricFamily.Sample(labels: $0, value: Double(sums[$0] ?? 0)) }
    }

    private func loops(_ snapshot: Snapshot) -> MetricFamily {
        let kinds = snapshot.fleet.experience.repeats.loops(now: snapshot.now).map(\.kind)
        return MetricFamily(
            MetricCatalogue.Coverage.loops,
            RepeatBook.Subject.kinds.map { kind in
                MetricFamily.Sample(
                    labels: [MetricLabel("kind", kind)], value: Double(kinds.count { $0 == kind }))
            })
    }

    /// Whether the last look was at this revision, and of late: a scrape may come between two.
    private func hasLooked(at snapshot: Snapshot) -> Bool {
        guard let lastLook, lastLook.revision == snapshot.revision else { return false }
        let patience = 2 * Self.milliseconds(alertAfter: snapshot.configuration.alertAfterSeconds)
        return snapshot.now.milliseconds(since: lastLook.at) < patience
    }

    private func versionCounts(_ snapshot: Snapshot, cells: [NodeCells]) -> [Int] {
        if let versions, versions.images == snapshot.images, snapshot.now < versions.at + Self.versionSeconds {
            return versions.counts
        }
        let counts = ImageVersions.count(snapshot, cells: cells)
        versions = (snapshot.images, snapshot.now, counts)
        return counts
    }

    private func log(before: Set<AlertKey>, after: Set<AlertKey>) {
        for key in after.subtracting(before).sorted() {
            logger.warning(
                "an image has been missing for too long",
                metadata: [
                    "image": "\(key.image)", "reason": "\(key.reason)",
                    "nodes": "\(book.firing[key]?.nodes.count ?? 0)",
                ])
        }
        for key in before.subtracting(after).sorted() {
            logger.notice(
                "an image isn't missing any more, or not for this reason",
                metadata: ["image": "\(key.image)", "reason": "\(key.reason)"])
        }
    }

    // MARK: Telling

    func save() async {
        let alerts = book.takeUnsaved()
        guard !alerts.isEmpty else { return }
        if await !memory.store(alerts, at: clock.now) { book.keepUnsaved(alerts) }
    }

    func send(to webhook: String) async {
        let alerts = book.due(at: clock.now)
        guard !alerts.isEmpty else { return }
        let now = clock.now
        do {
            try await receiver.post(alerts.map { AlertMessage($0, at: now, origin: origin) }, to: webhook)
            book.told(alerts, at: now)
            Instruments.notification(succeeded: true)
        } catch is CancellationError {
            return
        } catch {
            let isFirst = book.failed(at: clock.now, using: &random)
            Instruments.notification(succeeded: false)
            logger.log(
                level: isFirst ? .warning : .debug, "alerts can't be delivered; they are tried again",
                metadata: ["receiver": "\(WebhookURL.redacted(webhook))", "error": "\(error)"])
        }
    }
}
