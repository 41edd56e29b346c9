/// What a transfer's user and the event loop know of each other: the head and the body's parts on their way from one
/// to the other, and how it ended.
///
/// A value; who holds it takes the lock, and does what ``Effect`` says after releasing it.
struct TransferState<HeadWaiter, Reader> {
    typealias HeadDelivery = (waiter: HeadWaiter, result: Result<ResponseHead, any Error>)
    typealias PartDelivery = (reader: Reader, result: Result<[UInt8]?, any Error>)

    /// What is to be done now.
    struct Effect {
        var head: HeadDelivery?
        var part: PartDelivery?
        /// libcurl may go on with the body.
        var resumes = false
    }

    /// What becomes of bytes that libcurl offers.
    enum Intake {
        case taken
        /// Not taken: libcurl keeps them until the reader has caught up.
        case paused
        /// Nobody wants them.
        case refused
    }

    /// Once so many bytes wait for the reader, no more are taken.
    static var highWater: Int { 256 << 10 }

    private var headWaiter: HeadWaiter?
    private var reader: Reader?
    private var buffer: [UInt8] = []
    private var isPaused = false
    private var end: Result<HTTPHeaders, any Error>?

    var hasEnded: Bool { end != nil }

    var trailers: HTTPHeaders { (try? end?.get()) ?? [:] }

    /// Somebody waits for the head.
    mutating func awaitHead(_ waiter: HeadWaiter) -> Effect {
        // Only a cancellation can have come before.
        if case .failure(let error) = end { return Effect(head: (waiter, .failure(error))) }
        headWaiter = waiter
        return Effect()
    }

    mutating func headArrived(_ head: ResponseHead) -> Effect {
        guard let waiter = headWaiter else { return Effect() }
        headWaiter = nil
        return Effect(head: (waiter, .success(head)))
    }

    /// libcurl offers bytes of the body.
    mutating func offer(_ part: [UInt8]) -> (Intake, Effect) {
        guard end == nil else { return (.refused, Effect()) }
        if let reader {
            self.reader = nil
            return (.taken, Effect(part: (reader, .success(part))))
        }
        guard buffer.count < Self.highWater else {
            isPaused = true
            return (.paused, Effect())
        }
        if buffer.isEmpty { buffer = part } else { buffer += part }
        return (.taken, Effect())
    }

    /// Somebody waits for the next part of the body. What waits already is handed over at once, all of it.
    ///
    /// - Returns: nil when there is a reader already.
    mutating func read(_ newReader: Reader) -> Effect? {
        guard reader == nil else { return nil }
        if !buffer.isEmpty {
            var effect = Effect(part: (newReader, .success(buffer)))
            buffer = []
            effect.resumes = isPaused
            isPaused = false
            return effect
        }
        switch end {
        case .success: return Effect(part: (newReader, .success(nil)))
        case .failure(let error): return Effect(part: (newReader, .failure(error)))
        case nil:
            reader = newReader
            return Effect()
        }
    }

    /// The transfer is over: with trailers, or broken off. What waits for the reader can still be read.
    mutating func finish(_ result: Result<HTTPHeaders, any Error>) -> Effect {
        guard end == nil else { return Effect() }
        end = result
        var effect = Effect()
        if let headWaiter {
            self.headWaiter = nil
            effect.head = (headWaiter, result.flatMap { _ in .failure(CancellationError()) })
        }
        if let reader {
            self.reader = nil
            effect.part = (reader, result.map { _ in nil })
        }
        return effect
    }

    /// Nobody wants the rest. What waits for the reader is thrown away.
    mutating func cancel() -> Effect {
        if !buffer.isEmpty, case .success = end {
            // A body without the part that is thrown away here must not look whole.
            end = .failure(CancellationError())
        }
        buffer = []
        return finish(.failure(CancellationError()))
    }
}
