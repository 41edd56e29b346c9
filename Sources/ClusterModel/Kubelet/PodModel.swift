/// A pod on its node, as the kubelet sees it.
public struct PodModel: Hashable, Sendable {
    public struct Termination: Hashable, Sendable {
        public let exitCode: Int
        public let startedAt: Seconds
        public let finishedAt: Seconds
        public let containerID: String
        /// `Completed`, `Error`, `StartError`.
        public let reason: String
        public let message: String?
    }

    public enum State: Hashable, Sendable {
        case waiting(reason: String, message: String?)
        case running(since: Seconds)
        case terminated(Termination)
    }

    public struct Container: Hashable, Sendable {
        public let spec: PodSpec.Container
        public let isInit: Bool
        /// Added while the pod ran. It counts for nothing of the pod's conditions, and is never started again.
        public var isEphemeral = false
        public internal(set) var state = State.waiting(reason: "ContainerCreating", message: nil)
        public internal(set) var lastTermination: Termination?
        public internal(set) var restartCount = 0
        /// Of the running or last container; nil before the first.
        public internal(set) var containerID: String?
        /// `repository@digest` of the image in use, as a pod's status has it. Empty before the first start.
        public internal(set) var imageID = ""
        /// The image's name as the runtime gives it, once there's a container; else as written.
        public internal(set) var imageName: String
        /// Starts of pulls, in order.
        public internal(set) var pullAttempts: [Seconds] = []
        var failures = 0
        var pullError: String?
        /// The waiting reason of the newest failed pull: `ErrImagePull`, or `RegistryUnavailable`.
        var pullReason = "ErrImagePull"
        /// Before this there's nothing to do.
        var retryAt: Seconds = 0
        var backOffShownAt: Seconds = 0
        /// The image has just been pulled.
        var isPulled = false

        init(_ spec: PodSpec.Container, isInit: Bool) {
            self.spec = spec
            self.isInit = isInit
            imageName = spec.image
            if isInit { state = .waiting(reason: "PodInitializing", message: nil) }
        }

        public var isRunning: Bool {
            if case .running = state { return true }
            return false
        }

        /// Of an ephemeral container: it has run.
        var isOver: Bool {
            guard case .terminated = state else { return false }
            return isEphemeral
        }

        /// An init container that has done its work.
        public var isCompleted: Bool {
            if case .terminated(let end) = state { return end.exitCode == 0 }
            return false
        }
    }

    enum Work: Hashable, Sendable {
        /// Nothing under way; look again at this time.
        case idle(until: Seconds)
        /// Waiting for a pull of the container at the cursor.
        case pulling(PullToken)
        /// Starting the container at the cursor.
        case starting(until: Seconds)
    }

    public let id: String
    public let addedAt: Seconds
    let pullSecrets: [PodSpec.PullSecret]
    /// Init containers first, then the others, in the order of the spec.
    public internal(set) var containers: [Container]
    var work: Work
    var cursor = 0
    /// The next pass for news has to wait until then: the kubelet hasn't listed the runtime's containers since the last.
    var listedAgainAt: Seconds = 0
    /// The pass under way has started a container.
    var hasStarted = false

    init(_ spec: PodSpec, at now: Seconds) {
        id = spec.id
        addedAt = now
        pullSecrets = spec.pullSecrets
        containers =
            spec.initContainers.map { Container($0, isInit: true) }
            + spec.containers.map { Container($0, isInit: false) }
        work = .idle(until: now)
    }

    public var isInitialized: Bool { containers.allSatisfy { !$0.isInit || $0.isCompleted } }
    /// Every container runs.
    public var isReady: Bool {
        containers.allSatisfy { $0.isEphemeral || ($0.isInit ? $0.isCompleted : $0.isRunning) }
    }
}

/// Names a pull that a kubelet asked for.
public struct PullToken: Hashable, Sendable {
    let number: UInt64
}
