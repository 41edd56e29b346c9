import Shared

extension ClusterModel {
    struct Pull: Sendable {
        enum Phase: Sendable {
            /// On the way to the registry, or refused on the way: the answer comes with the timer.
            case asking
            case failing(PullFailure)
            case transferring(ImageDescriptor)
            case unpacking(ImageDescriptor)
        }

        let id: PullID
        let node: Int
        let reference: String
        let parsed: ImageReference?
        let registry: Int?
        let credential: Credential?
        let kubeletToken: PullToken?
        let startedAt: Seconds
        var phase = Phase.asking
        /// Disk that was set aside for it.
        var reserved: Int64 = 0
        /// The disk ends before the image does.
        var fillsDisk = false
        var bytes: Int64 = 0
    }

    /// Starts a pull through a node's runtime, as CRI's PullImage does. Its end is an event; a node that is off or
    /// unknown never gives one.
    ///
    /// - Parameter credential: what is given to the registry; nil: nothing.
    @discardableResult
    public mutating func startPull(node name: String, reference: String, credential: Credential? = nil) -> PullID {
        let id = PullID(number: nextPull)
        nextPull += 1
        if let node = nodeIndex[name], nodes[node].isOnline {
            start(id, node: node, reference: reference, credential: credential, token: nil)
        }
        return id
    }

    /// Ends a pull at once. No event follows.
    ///
    /// - Returns: whether it was running.
    @discardableResult
    public mutating func cancelPull(_ id: PullID) -> Bool {
        guard let pull = pulls[id] else { return false }
        close(pull, completed: false)
        return true
    }

    public func isRunning(_ id: PullID) -> Bool { pulls[id] != nil }

    /// Oldest first.
    public var runningPulls: [RunningPull] {
        pulls.values.sorted { $0.id < $1.id }.map { pull in
            RunningPull(
                id: pull.id, node: nodes[pull.node].model.name, reference: pull.reference, startedAt: pull.startedAt,
                isKubelets: pull.kubeletToken != nil)
        }
    }

    mutating func start(_ id: PullID, node: Int, reference: String, credential: Credential?, token: PullToken?) {
        let parsed = try? ImageReference(reference)
        let registry = parsed.flatMap { registryIndex[$0.registry] }
        var pull = Pull(
            id: id, node: node, reference: reference, parsed: parsed, registry: registry, credential: credential,
            kubeletToken: token, startedAt: now)
        var delay: Seconds = 0
        if let registry {
            let model = registries[registry].model
            delay = random.around(model.latency, by: 0.2) * nodes[node].model.latencyFactor
            if model.availability == .silent { delay = RegistryModel.connectTimeout }
        } else if let parsed {
            delay = 0.1
            pull.phase = .failing(.unknownHost(parsed))
        } else {
            let upperCase = reference.contains { $0.isUppercase }
            pull.phase = .failing(.invalidReference(reference, upperCase: upperCase))
        }
        pulls[id] = pull
        timers.add(.pull(id), at: now + delay)
    }

    mutating func pullTimerFired(_ id: PullID) {
        guard let pull = pulls[id] else { return }
        switch pull.phase {
        case .asking: ask(pull)
        case .failing(let failure): finish(pull, .failure(failure))
        case .unpacking(let image): finish(pull, .success(image))
        case .transferring: break
        }
    }

    private mutating func ask(_ asked: Pull) {
        guard let registry = asked.registry, let reference = asked.parsed else { return }
        let platform = nodes[asked.node].model.platform
        let answer = registries[registry].model.enter(reference, credential: asked.credential, platform: platform)
        guard case .success(let image) = answer else {
            if case .failure(let failure) = answer { finish(asked, .failure(failure)) }
            return
        }
        var pull = asked
        let isThere = nodes[pull.node].runtime.image(image.id) != nil
        let room = nodes[pull.node].runtime.freeBytes
        var bytes = isThere ? 0 : image.size
        pull.reserved = isThere ? 0 : min(room, image.diskSize)
        if !isThere, room < image.diskSize {
            pull.fillsDisk = true
            bytes = Int64(Double(bytes) * Double(room) / Double(max(1, image.diskSize)))
        }
        pull.bytes = bytes
        pull.phase = .transferring(image)
        nodes[pull.node].runtime.reserved += pull.reserved
        pulls[pull.id] = pull
        network.start(
            pull.id.number, bytes: Double(bytes), over: [registries[registry].link, nodes[pull.node].link])
        shareBandwidth(of: registry)
    }

    mutating func transferred(_ id: PullID) {
        guard var pull = pulls[id], case .transferring(let image) = pull.phase, let reference = pull.parsed else {
            return
        }
        if pull.fillsDisk {
            finish(pull, .failure(.diskFull(reference, digest: image.digest)))
        } else if let speed = nodes[pull.node].model.unpackBandwidth, speed > 0, pull.bytes > 0 {
            if let registry = pull.registry {
                registries[registry].model.leave(completed: true)
                shareBandwidth(of: registry)
            }
            pull.phase = .unpacking(image)
            pulls[id] = pull
            timers.add(.pull(id), at: now + Double(image.size) / speed)
        } else {
            finish(pull, .success(image))
        }
    }

    private mutating func finish(_ pull: Pull, _ result: Result<ImageDescriptor, PullFailure>) {
        var image: ImageDescriptor?
        var failure: PullFailure?
        switch result {
        case .success(let descriptor): image = descriptor
        case .failure(let error): failure = error
        }
        let bytes = close(pull, completed: image != nil)
        if let image, let reference = pull.parsed {
            nodes[pull.node].runtime.add(image, as: reference, at: now)
        }
        let finished = FinishedPull(
            id: pull.id, reference: pull.reference, startedAt: pull.startedAt, image: image, failure: failure,
            bytes: bytes)
        if let token = pull.kubeletToken {
            note(.kubeletPullFinished(finished), node: pull.node)
            nodes[pull.node].kubelet.pullFinished(token, failure, at: now)
            runKubelet(pull.node)
        } else {
            note(.pullFinished(finished), node: pull.node)
        }
    }

    /// Frees everything that a pull holds.
    ///
    /// - Returns: the bytes that came over the network for it.
    @discardableResult
    private mutating func close(_ pull: Pull, completed: Bool) -> Int64 {
        pulls[pull.id] = nil
        nodes[pull.node].runtime.reserved -= pull.reserved
        let partial = network.cancel(pull.id.number)
        if case .transferring = pull.phase, let registry = pull.registry {
            registries[registry].model.leave(completed: completed)
            shareBandwidth(of: registry)
        }
        return partial.map { Int64($0) } ?? pull.bytes
    }

    /// Transfers from a registry that went away break in the middle.
    mutating func breakPulls(from registry: Int) {
        let address = registries[registry].model.address
        for pull in pulls.values.sorted(by: { $0.id < $1.id }) where pull.registry == registry {
            guard case .transferring = pull.phase, let reference = pull.parsed else { continue }
            finish(pull, .failure(.connectionReset(reference, address: address)))
        }
    }

    mutating func dropPulls(of node: Int) {
        for pull in pulls.values.sorted(by: { $0.id < $1.id }) where pull.node == node {
            close(pull, completed: false)
        }
    }

    mutating func shareBandwidth(of registry: Int) {
        let model = registries[registry].model
        network.setCapacity(model.bandwidth(serving: model.counters.running), of: registries[registry].link)
    }
}
