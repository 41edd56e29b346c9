import Cluster

/// How many pulls a registry is given at once: as many as make the whole faster, and never more than it puts up with.
///
/// It grows like a congestion window: by one for each success, which doubles it in each round, while pulls get no
/// slower; to where they do (the registry's bandwidth is used up: more pulls at once would only share it) it is cut
/// back, and grows slowly from there on. A refusal (429) cuts it at once and is remembered as a ceiling; errors and a
/// falling goodput cut it too. CRI tells no progress, so all is judged when pulls end.
public struct RegistryPace: Sendable, Equatable {
    /// Pulls at once.
    public private(set) var window = Self.first
    public package(set) var circuit = Circuit()
    /// The registry asked for silence until then (`Retry-After`).
    public private(set) var pausedUntil: Timestamp?

    private(set) var meter = ConcurrencyMeter()
    private var speeds = SpeedBook()
    private var isDoubling = true
    private var lastCut = Timestamp(milliseconds: 0)
    /// More than this was refused.
    private var ceiling: Double?
    private var ceilingHoldsUntil = Timestamp(milliseconds: 0)
    private var refusals = 0
    private var accusations = Accusations()
    private var trial: Trial?
    private var nextTrial = Timestamp(milliseconds: 0)

    /// A somewhat larger window, to see whether that gains anything.
    private struct Trial: Sendable, Equatable {
        var began: Timestamp
        var window: Double
        var before: [Double]
        var after: [Double] = []
    }

    /// The newest values of goodput.
    private var goodputs: [Double] = []

    package static let first = 4.0
    /// Pulls that are so many times slower than alone share what there is. It is also the reserve above the knee
    /// that keeps the registry busy while nodes come and go.
    private static let congestion = 1.4
    /// Bytes a second: no node's network is faster.
    private static let fastest = 1e10
    /// Seconds of silence that a registry can ask for: by the word of one node, and of several.
    private static let (longestPauseForOne, longestPause) = (60.0, 3600.0)
    /// Between trials that gained nothing, in durations of a pull.
    private static let trialPause = 4.0

    public init() {}

    public var running: Int { meter.running }

    /// It said 429 since the last pull that succeeded.
    package var hasRefused: Bool { refusals > 0 }

    // MARK: Events

    /// A pull was ordered.
    ///
    /// - Returns: what ``ended(_:at:)`` needs of it.
    package mutating func started(at now: Timestamp) -> Double { meter.start(at: now) }

    /// What a pull that ended tells.
    package struct End: Sendable {
        var startedAt: Timestamp
        var reading: Double
        var node: String
        var image: String
        var outcome: Outcome

        package init(startedAt: Timestamp, reading: Double, node: String, image: String, outcome: Outcome) {
            self.startedAt = startedAt
            self.reading = reading
            self.node = node
            self.image = image
            self.outcome = outcome
        }

        package enum Outcome: Sendable {
            case succeeded(bytes: UInt64, seconds: Double)
            /// For the registry's reasons. Seconds: what it asked to be left alone.
            case failed(isRefusal: Bool, retryAfter: Double?)
            /// For another reason, or nobody knows.
            case other
        }
    }

    /// - Parameter nodes: how many there are: of one node no two can agree.
    package mutating func ended(_ end: End, nodes: Int, at now: Timestamp) {
        let concurrency = meter.end(startedAt: end.startedAt, reading: end.reading, at: now)
        switch end.outcome {
        case .succeeded(let bytes, let seconds):
            refusals = 0
            let rate = bytes > 0 ? min(Double(bytes) / max(seconds, 0.001), Self.fastest) : nil
            if let rate { speeds.note(image: end.image, rate: rate, concurrency: concurrency, node: end.node) }
            adapt(end, concurrency: concurrency, goodput: rate.map { $0 * concurrency }, at: now)
        case .failed(let isRefusal, let retryAfter):
            let weight = accusations.weigh(end.node, nodes: nodes, at: now)
            guard weight != .repeated else { return }
            if let retryAfter {
                let longest = weight == .single ? Self.longestPauseForOne : Self.longestPause
                pausedUntil = max(pausedUntil ?? now, now + min(retryAfter, longest))
            }
            guard end.startedAt >= lastCut else { return }
            if isRefusal { refused(at: now) } else { cut(to: window * 0.7, at: now) }
        case .other: break
        }
    }

    /// The registry is back after an outage: it is given work in waves again.
    package mutating func restart(at now: Timestamp) {
        window = min(Self.first, ceiling ?? Self.first)
        isDoubling = true
        trial = nil
        pausedUntil = nil
        lastCut = now
        speeds.beginAnew()
    }

    /// Somebody doesn't want to wait.
    package mutating func hurry(at now: Timestamp) {
        pausedUntil = nil
        circuit.probeNow(at: now)
    }

    package mutating func forget(except images: Set<String>) { speeds.forget(except: images) }

    // MARK: Growing and shrinking

    private mutating func adapt(_ end: End, concurrency: Double, goodput: Double?, at now: Timestamp) {
        if speeds.falls >= max(4, Int(window / 4)) {
            speeds.acceptFall()
            return cut(to: window * 0.7, at: now)
        }
        if let goodput { judge(goodput, of: end, at: now) }
        // A window that wasn't used says nothing.
        guard concurrency >= window / 2 else { return }
        let slowdown = speeds.slowdown
        if isDoubling {
            if slowdown >= Self.congestion {
                isDoubling = false
                window = max(Self.first, min(window, Self.congestion * concurrency / slowdown))
                nextTrial = now + pause(of: end, at: now)
                speeds.beginAnew()
            } else {
                grow(by: 1, at: now)
            }
        } else if slowdown < 1.2 {
            grow(by: 0.25, at: now)
        } else if trial == nil, now >= nextTrial, goodputs.count >= 4 {
            trial = Trial(began: now, window: window, before: goodputs)
            grow(by: max(1, window / 4), at: now)
        }
    }

    private mutating func judge(_ goodput: Double, of end: End, at now: Timestamp) {
        goodputs.append(goodput)
        if goodputs.count > 16 { goodputs.removeFirst() }
        guard var trial, end.startedAt >= trial.began else { return }
        trial.after.append(goodput)
        self.trial = trial
        guard trial.after.count >= max(8, Int(trial.window)) else { return }
        let gain = Self.median(trial.after) / max(1, Self.median(trial.before))
        if gain < 1.1 { window = min(window, trial.window) }
        self.trial = nil
        nextTrial = gain < 1.1 ? now + pause(of: end, at: now) : now
    }

    private func pause(of end: End, at now: Timestamp) -> Double {
        max(2, Self.trialPause * Double(now.milliseconds(since: end.startedAt)) / 1000)
    }

    private mutating func grow(by step: Double, at now: Timestamp) {
        var limit = Double.infinity
        if let ceiling {
            if now >= ceilingHoldsUntil, window >= ceiling {
                // One more now and then: limits are raised, too.
                self.ceiling = ceiling + max(1, ceiling / 20)
                ceilingHoldsUntil = now + 60
            }
            limit = self.ceiling ?? limit
        }
        window = max(window, min(window + step, limit))
    }

    private mutating func refused(at now: Timestamp) {
        refusals += 1
        let accepted = Double(max(1, meter.running))
        ceiling = max(1, (accepted * 0.95).rounded(.down))
        ceilingHoldsUntil = now + 60 * Double(1 << min(refusals, 5))
        cut(to: min(window, accepted) * 0.85, at: now)
    }

    private mutating func cut(to size: Double, at now: Timestamp) {
        window = max(1, size)
        isDoubling = false
        trial = nil
        lastCut = now
        speeds.beginAnew()
    }

    private static func median(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.sorted()[values.count / 2]
    }
}
