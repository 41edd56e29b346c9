import Shared

/// A kubelet: brings a pod's containers up one after another, in the order of the spec, pulls their images one at a
/// time, and backs off.
///
/// A value: it says what to do, and is told what came of it. In back-off it doesn't look whether the image has
/// arrived by another way (measured); with `Never` it does.
public struct KubeletModel: Sendable {
    public enum Action: Hashable, Sendable {
        /// Pull, and say what came of it with ``KubeletModel/pullFinished(_:_:image:secret:at:)``.
        case pull(PullToken, reference: String, secrets: [PodSpec.PullSecret])
        case cancelPull(PullToken)
        /// The container runs from now on.
        case started(pod: String, container: String, attempt: Int, imageID: String)
        case stopped(pod: String, container: String)
        /// Something that a pod's status shows.
        case changed(pod: String)
    }

    struct QueuedPull: Hashable, Sendable {
        let token: PullToken
        let pod: String
        let reference: String
        let secrets: [PodSpec.PullSecret]
    }

    public var configuration: KubeletConfiguration
    /// Oldest first.
    public internal(set) var pods: [PodModel] = []
    public private(set) var records = ImagePullRecords()
    var queue: [QueuedPull] = []
    var running: [QueuedPull] = []
    var random: SeededGenerator
    var actions: [Action] = []
    private var nextToken: UInt64 = 1

    public init(configuration: KubeletConfiguration = KubeletConfiguration(), seed: UInt64) {
        self.configuration = configuration
        random = SeededGenerator(seed: seed)
    }

    public func pod(_ id: String) -> PodModel? { pods.first { $0.id == id } }

    // MARK: What it's told

    public mutating func add(_ spec: PodSpec, at now: Seconds) {
        guard pod(spec.id) == nil else { return }
        pods.append(PodModel(spec, at: now))
        actions.append(.changed(pod: spec.id))
    }

    /// The pod is gone, with its containers and its pulls.
    public mutating func remove(_ id: String) {
        guard let pod = pod(id) else { return }
        for container in pod.containers where container.isRunning {
            actions.append(.stopped(pod: id, container: container.spec.name))
        }
        pods.removeAll { $0.id == id }
        queue.removeAll { $0.pod == id }
        for pull in running where pull.pod == id { actions.append(.cancelPull(pull.token)) }
        running.removeAll { $0.pod == id }
    }

    /// The pod's object was updated: its worker makes a pass now, or right after the one that it is busy with.
    ///
    /// That starts containers with `Never` whose image has come. It ends no image back-off (measured).
    public mutating func sync(_ id: String, at now: Seconds) {
        guard let index = pods.firstIndex(where: { $0.id == id }) else { return }
        look(at: index, now: now)
    }

    /// Ephemeral containers that the pod has now, those of before among them.
    public mutating func extend(_ id: String, by containers: [PodSpec.Container], at now: Seconds) {
        guard let index = pods.firstIndex(where: { $0.id == id }) else { return }
        let known = Set(pods[index].containers.map(\.spec.name))
        let added = containers.filter { !known.contains($0.name) }
        guard !added.isEmpty else { return }
        for spec in added {
            var container = PodModel.Container(spec, isInit: false)
            container.isEphemeral = true
            pods[index].containers.append(container)
        }
        actions.append(.changed(pod: id))
        look(at: index, now: now)
    }

    /// Lets the pod's next pass begin now, with the containers that wait without back-off.
    mutating func look(at index: Int, now: Seconds) {
        let time = max(now, pods[index].listedAgainAt)
        lookForImages(of: index, at: time)
        if case .idle(let due) = pods[index].work, time < due { pods[index].work = .idle(until: time) }
    }

    /// A pass looks at all containers, whichever it is made for.
    mutating func lookForImages(of index: Int, at time: Seconds) {
        for place in pods[index].containers.indices {
            guard case .waiting("ErrImageNeverPull", _) = pods[index].containers[place].state else { continue }
            pods[index].containers[place].retryAt = min(pods[index].containers[place].retryAt, time)
        }
    }

    /// - Parameters:
    ///   - image: the image's id, as the runtime spells it; nil when it failed.
    ///   - secret: of the pod, if the registry was shown it.
    public mutating func pullFinished(
        _ token: PullToken, _ failure: PullFailure?, image: String?, secret: PodSpec.PullSecret?, at now: Seconds
    ) {
        guard let pull = running.first(where: { $0.token == token }) else { return }
        if let image, let repository = (try? ImageReference(pull.reference))?.name {
            records.note(image, repository: repository, secret: secret)
        }
        running.removeAll { $0.token == token }
        guard let index = pods.firstIndex(where: { $0.id == pull.pod }), pods[index].work == .pulling(token) else {
            return
        }
        if let failure {
            pullFailed(in: index, failure, at: now)
        } else {
            pods[index].containers[pods[index].cursor].isPulled = true
        }
        pods[index].work = .idle(until: now)
    }

    /// A container ended by itself.
    public mutating func containerExited(
        pod id: String, container name: String, exitCode: Int, reason: String? = nil, message: String? = nil,
        at now: Seconds
    ) {
        guard let index = pods.firstIndex(where: { $0.id == id }),
            let place = pods[index].containers.firstIndex(where: { $0.spec.name == name })
        else { return }
        exited(place, in: index, code: exitCode, reason: reason, message: message, at: now)
        if case .idle = pods[index].work { pods[index].work = .idle(until: now) }
    }

    /// The node went down and came back: nothing runs any more, and everything starts again.
    public mutating func restart(at now: Seconds) {
        queue.removeAll()
        running.removeAll()
        for index in pods.indices {
            for place in pods[index].containers.indices {
                if pods[index].containers[place].isRunning {
                    exited(place, in: index, code: 255, reason: "Unknown", message: nil, at: now)
                } else if pods[index].containers[place].isInit {
                    pods[index].containers[place].state = .waiting(reason: "PodInitializing", message: nil)
                }
                pods[index].containers[place].retryAt = now
                pods[index].containers[place].isPulled = false
            }
            pods[index].cursor = 0
            pods[index].work = .idle(until: now)
        }
    }

    // MARK: Time

    /// When there's something to do next.
    public var nextTime: Seconds? {
        guard actions.isEmpty else { return 0 }
        var next: Seconds?
        for pod in pods {
            var due: Seconds = .infinity
            switch pod.work {
            case .idle(let time): due = time
            case .starting(let time): due = time
            case .pulling: break
            }
            for container in pod.containers {
                if let after = container.spec.exitsAfter, case .running(let since) = container.state {
                    due = min(due, since + after)
                }
            }
            if due < .infinity { next = min(next ?? due, due) }
        }
        return next
    }

    /// Does what is due by `now`, on a node with these images.
    ///
    /// - Returns: what its surroundings have to do, in order.
    public mutating func advance(to now: Seconds, runtime: RuntimeModel) -> [Action] {
        for index in pods.indices {
            endShortContainers(of: index, at: now)
            work(on: index, runtime: runtime, at: now)
        }
        startPulls(at: now)
        defer { actions.removeAll() }
        return actions
    }

    mutating func enqueuePull(pod: PodModel, reference: String) -> PullToken {
        let token = PullToken(number: nextToken)
        nextToken += 1
        queue.append(QueuedPull(token: token, pod: pod.id, reference: reference, secrets: pod.pullSecrets))
        return token
    }

    private mutating func startPulls(at now: Seconds) {
        while let next = queue.first, running.isEmpty || !configuration.serializesPulls {
            queue.removeFirst()
            running.append(next)
            if let index = pods.firstIndex(where: { $0.id == next.pod }) {
                pods[index].containers[pods[index].cursor].pullAttempts.append(now)
            }
            actions.append(.pull(next.token, reference: next.reference, secrets: next.secrets))
        }
    }
}

extension KubeletModel {
    /// A pod for which nothing has been done yet.
    public static func unstarted(_ spec: PodSpec, at now: Seconds) -> PodModel { PodModel(spec, at: now) }
}
