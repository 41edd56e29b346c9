import ClusterModel
import FoundationEssentials

/// The cluster model in real time: one second of it is one second of ours.
///
/// Everybody who wants something of nodes, runtimes or registries asks here, so the model sees one change after
/// another.
actor LiveCluster {
    /// What a pod is called; the model knows only its UID.
    struct PodName: Hashable, Sendable {
        let namespace: String
        let name: String
    }

    /// What happens, in order. One reader.
    nonisolated let events: AsyncStream<ClusterEvent>
    /// The wall clock's time at the model's zero.
    nonisolated let epoch: Date
    private let eventsContinuation: AsyncStream<ClusterEvent>.Continuation
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var model: ClusterModel
    private var waiting: [PullID: CheckedContinuation<Result<String, PullFailure>, Never>] = [:]
    private var podNames: [String: PodName] = [:]
    private var timer: Task<Void, Never>?

    init(seed: UInt64) {
        model = ClusterModel(seed: seed)
        start = clock.now
        epoch = Date()
        (events, eventsContinuation) = AsyncStream.makeStream(of: ClusterEvent.self)
    }

    deinit {
        timer?.cancel()
        eventsContinuation.finish()
    }

    /// Ends the events.
    func stop() {
        timer?.cancel()
        eventsContinuation.finish()
        for continuation in waiting.values { continuation.resume(returning: .failure(.gone)) }
        waiting.removeAll()
    }

    /// The wall clock's time at a moment of the model.
    nonisolated func date(_ time: Seconds) -> Date { epoch.addingTimeInterval(time) }

    /// Looks at the model as it is now.
    func read<Value: Sendable>(_ body: @Sendable (inout ClusterModel) -> Value) -> Value {
        change(body)
    }

    /// Changes the model now.
    @discardableResult
    func change<Value: Sendable>(_ body: @Sendable (inout ClusterModel) -> Value) -> Value {
        catchUp()
        let value = body(&model)
        catchUp()
        schedule()
        return value
    }

    func addPod(_ spec: PodSpec, called name: PodName, node: String) {
        podNames[spec.id] = name
        change { $0.addPod(spec, node: node) }
    }

    func removePod(_ id: String, node: String) {
        podNames[id] = nil
        change { $0.removePod(id, node: node) }
    }

    func podName(_ id: String) -> PodName? { podNames[id] }

    /// Pulls an image through a node's runtime. Cancelling the task cancels the pull.
    ///
    /// - Returns: what PullImage answers.
    func pull(node: String, reference: String, credential: Credential?) async -> Result<String, PullFailure> {
        catchUp()
        let id = model.startPull(node: node, reference: reference, credential: credential)
        guard model.isRunning(id) else { return .failure(.gone) }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if Task.isCancelled {
                    model.cancelPull(id)
                    continuation.resume(returning: .failure(.gone))
                } else {
                    waiting[id] = continuation
                }
                catchUp()
                schedule()
            }
        } onCancel: {
            Task { await self.cancelPull(id) }
        }
    }

    private func cancelPull(_ id: PullID) {
        change { $0.cancelPull(id) }
    }

    private func catchUp() {
        let now = (clock.now - start) / .seconds(1)
        for event in model.advance(to: now) {
            if case .pullFinished(let pull) = event.kind {
                let result: Result<String, PullFailure> =
                    pull.imageRef.map { .success($0) } ?? .failure(pull.failure ?? .gone)
                waiting.removeValue(forKey: pull.id)?.resume(returning: result)
            }
            eventsContinuation.yield(event)
        }
        // Pulls of nodes that went down end without an event.
        for id in waiting.keys where !model.isRunning(id) {
            waiting.removeValue(forKey: id)?.resume(returning: .failure(.gone))
        }
    }

    private func schedule() {
        timer?.cancel()
        guard let next = model.nextEventTime else {
            timer = nil
            return
        }
        let deadline = start + .seconds(next)
        timer = Task { [weak self, clock] in
            do { try await clock.sleep(until: deadline) } catch { return }
            await self?.tick()
        }
    }

    private func tick() {
        catchUp()
        schedule()
    }
}

extension PullFailure {
    /// The pull was cancelled, or its node is down.
    static let gone = PullFailure(cause: .cancelled, code: 1, message: "context canceled")
}
