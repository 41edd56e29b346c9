import Synchronization

/// One request on its way: the side of the tasks that wait for it.
final class Transfer: Sendable {
    typealias State = TransferState<
        CheckedContinuation<ResponseHead, any Error>, CheckedContinuation<[UInt8]?, any Error>
    >

    let request: PreparedRequest
    private let loop: EventLoop
    private let state = Mutex(State())

    init(_ request: PreparedRequest, loop: EventLoop) {
        self.request = request
        self.loop = loop
    }

    // MARK: The user's side

    /// Sends the request and waits for the head.
    func start() async throws -> ResponseHead {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                perform(state.withLock { $0.awaitHead(continuation) })
                // A transfer that was cancelled by now is passed over there.
                loop.post(.start(self))
            }
        } onCancel: {
            cancel()
        }
    }

    /// The next part of the body; nil at its end.
    func read() async throws -> [UInt8]? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                guard let effect = state.withLock({ $0.read(continuation) }) else {
                    let error = request.error(.misuse, "two readers of one body", stage: .body)
                    return continuation.resume(throwing: error)
                }
                perform(effect)
            }
        } onCancel: {
            cancel()
        }
    }

    /// Ends the transfer; without effect when it has ended.
    func cancel() {
        let (wasRunning, effect) = state.withLock { (!$0.hasEnded, $0.cancel()) }
        perform(effect)
        if wasRunning { loop.post(.cancel(ObjectIdentifier(self))) }
    }

    var trailers: HTTPHeaders { state.withLock { $0.trailers } }

    // MARK: The loop's side

    var hasEnded: Bool { state.withLock { $0.hasEnded } }

    func headArrived(_ head: ResponseHead) { perform(state.withLock { $0.headArrived(head) }) }

    func offer(_ part: [UInt8]) -> State.Intake {
        let (intake, effect) = state.withLock { $0.offer(part) }
        perform(effect)
        return intake
    }

    func finish(_ result: Result<HTTPHeaders, any Error>) { perform(state.withLock { $0.finish(result) }) }

    private func perform(_ effect: State.Effect) {
        if let (waiter, result) = effect.head { waiter.resume(with: result) }
        if let (reader, result) = effect.part { reader.resume(with: result) }
        if effect.resumes { loop.post(.resume(ObjectIdentifier(self))) }
    }
}
