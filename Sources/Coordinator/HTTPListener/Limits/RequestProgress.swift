/// How far the requests of one connection are, and until when the next step must come. A value without a clock; times
/// are seconds.
struct RequestProgress: Sendable {
    /// What becomes of the connection.
    enum Verdict: Sendable, Hashable {
        case goOn
        /// Say why, and close.
        case refuse(RequestFault)
        /// An answer is on its way already: nothing can be said any more.
        case close
    }

    private let limits: ServerLimits
    /// Requests whose answer hasn't ended.
    private var unanswered = 0
    private var isReading = false
    private var hasBegunAnswer = false
    private var bodyBytes = 0
    private var isEstablished = false
    private(set) var isRefused = false
    /// When the present step began.
    private var since: Double

    init(_ limits: ServerLimits, at now: Double) {
        self.limits = limits
        since = now
    }

    /// When ``timeOut(at:)`` is due; nil while it's our turn.
    var deadline: Double? {
        if isRefused { return since + limits.lingerTime }
        if isReading { return since + limits.bodyTime }
        if unanswered > 0 { return nil }
        return since + (isEstablished ? limits.idleTime : limits.headTime)
    }

    /// A request's head has come.
    ///
    /// - Parameters:
    ///   - length: the declared length of its body.
    ///   - fault: what is wrong with the head.
    mutating func head(length: Int?, fault: RequestFault?, at now: Double) -> Verdict {
        unanswered += 1
        isReading = true
        bodyBytes = 0
        since = now
        guard unanswered <= limits.pipelined else { return refuse(.tooManyPipelined, at: now) }
        if let fault { return refuse(fault, at: now) }
        if let length, length > limits.bodyBytes { return refuse(.bodyTooLarge(limits.bodyBytes), at: now) }
        if !limits.tokensAreNeeded { isEstablished = true }
        return .goOn
    }

    mutating func body(_ bytes: Int, at now: Double) -> Verdict {
        bodyBytes += bytes
        return bodyBytes > limits.bodyBytes ? refuse(.bodyTooLarge(limits.bodyBytes), at: now) : .goOn
    }

    mutating func requestEnded(at now: Double) {
        isReading = false
        since = now
    }

    mutating func answerBegan() { hasBegunAnswer = true }

    mutating func answerEnded(at now: Double) {
        unanswered = max(0, unanswered - 1)
        hasBegunAnswer = false
        if !isReading { since = now }
    }

    mutating func established() { isEstablished = true }

    /// Something came that is no request.
    mutating func broken(_ fault: RequestFault, at now: Double) -> Verdict {
        // What is broken is the request that comes, not those before it.
        if !isReading { unanswered += 1 }
        return refuse(fault, at: now)
    }

    /// The deadline has passed.
    mutating func timeOut(at now: Double) -> Verdict {
        if isRefused || !isReading { return .close }
        return refuse(.tooSlow(limits.bodyTime), at: now)
    }

    private mutating func refuse(_ fault: RequestFault, at now: Double) -> Verdict {
        guard !isRefused else { return .goOn }
        isRefused = true
        since = now
        return unanswered == 1 && !hasBegunAnswer ? .refuse(fault) : .close
    }
}
