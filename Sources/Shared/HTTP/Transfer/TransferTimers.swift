/// Which deadline a transfer is under, and which one has passed.
///
/// The time to connect is libcurl's own affair: it shares it out among the addresses of a host.
struct TransferTimers {
    typealias Instant = ContinuousClock.Instant

    /// The limit that was passed.
    enum Expiry: Equatable {
        case firstByte(Duration)
        case idle(Duration)
        case total(Duration)
    }

    private enum Stage {
        case connecting
        case waiting(since: Instant)
        case body(lastByte: Instant)
        case paused
    }

    private let timeouts: HTTPTimeouts
    private let start: Instant
    private var stage = Stage.connecting

    init(_ timeouts: HTTPTimeouts, now: Instant) {
        self.timeouts = timeouts
        start = now
    }

    /// The connection stands and the request goes out.
    mutating func connected(now: Instant) { stage = .waiting(since: now) }

    /// The head has arrived, or a part of the body, or the reader has caught up.
    mutating func received(now: Instant) { stage = .body(lastByte: now) }

    /// The reader is behind; the server isn't to blame.
    mutating func paused() { stage = .paused }

    var errorStage: HTTPError.Stage {
        switch stage {
        case .connecting: .connecting
        case .waiting: .waiting
        case .body, .paused: .body
        }
    }

    /// When to look again; nil: no deadline.
    var deadline: Instant? { next?.deadline }

    func expiry(now: Instant) -> Expiry? {
        guard let next, next.deadline <= now else { return nil }
        return next.expiry
    }

    private var next: (deadline: Instant, expiry: Expiry)? {
        let total = timeouts.total.map { (deadline: after(start, $0), expiry: Expiry.total($0)) }
        let own: (deadline: Instant, expiry: Expiry)? =
            switch stage {
            case .connecting, .paused: nil
            case .waiting(let since): timeouts.firstByte.map { (after(since, $0), .firstByte($0)) }
            case .body(let lastByte): timeouts.idle.map { (after(lastByte, $0), .idle($0)) }
            }
        guard let total, let own else { return total ?? own }
        return total.deadline <= own.deadline ? total : own
    }

    /// A limit of more than a century is none; added as it is, it could overflow.
    private func after(_ instant: Instant, _ limit: Duration) -> Instant { instant + min(limit, .seconds(1 << 32)) }
}

extension TransferTimers.Expiry: CustomStringConvertible {
    var description: String {
        switch self {
        case .firstByte(let limit): "no response within \(limit) of the request"
        case .idle(let limit): "not a byte of the response for \(limit)"
        case .total(let limit): "not done within \(limit)"
        }
    }
}
