import Shared

extension ClusterModel {
    struct Pull: Sendable {
        enum Phase: Sendable {
            /// On the way to the registry, or refused on the way: the answer comes with the timer.
            case asking
            case failing(PullTrouble)
            case transferring(ImageDescriptor)
            case unpacking(ImageDescriptor)
            /// Nothing comes any more, and nobody says so.
            case hanging(ImageDescriptor?)
        }

        /// What a transfer comes to, once its bytes are over.
        enum End: Sendable {
            case whole
            /// The disk ends before the image does.
            case diskFull
            case reset
            case stall
            /// All bytes came, and they are wrong.
            case corrupt

            /// Whether what came until then is of use to the next pull.
            var isKept: Bool { self != .diskFull && self != .corrupt }
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
        var end = End.whole
        /// What an earlier pull of the image had left, and needn't come again.
        var kept: Int64 = 0
        /// What comes over the network until ``end``.
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
        var delay: Seconds? = 0
        if let parsed, let mirror = nodes[node].model.faults.mirror(of: parsed.registry) {
            (pull.phase, delay) = meet(mirror, for: parsed, registry: registry, node: node)
        } else if let registry {
            delay = latency(of: registry, node: node)
            if registries[registry].model.availability == .silent { delay = RegistryModel.connectTimeout }
        } else {
            delay = parsed == nil ? 0 : Self.nameLookup
            pull.phase = .failing(parsed == nil ? .invalidReference : .unknownHost)
        }
        pulls[id] = pull
        if let delay { timers.add(.pull(id), at: now + delay) }
    }

    /// Until the node's resolver says that there's no such host.
    private static let nameLookup: Seconds = 0.1

    private mutating func latency(of registry: Int, node: Int) -> Seconds {
        random.around(registries[registry].model.latency, by: 0.2) * nodes[node].model.latencyFactor
    }

    /// How a node's own mirror answers, and after how long; nil: never.
    private mutating func meet(
        _ mirror: NodeFaults.Mirror, for reference: ImageReference, registry: Int?, node: Int
    ) -> (Pull.Phase, Seconds?) {
        let delay = registry.map { latency(of: $0, node: node) } ?? Self.nameLookup
        switch mirror.answer {
        case .status(let code): return (.failing(PullTrouble(status: code)), delay)
        case .noMatchingPlatform:
            let digest = "sha256:" + StableHash.hex64("index without \(reference.normalised)")
            return (.failing(.noMatchingPlatform(digest: digest)), delay)
        case .refusing: return (.failing(.connectionRefused), delay)
        case .untrusted: return (.failing(.untrusted), delay)
        case .silent: return (.failing(.connectionTimedOut), RegistryModel.connectTimeout)
        case .hanging: return (.hanging(nil), nil)
        }
    }

    /// How the node's runtime puts what goes wrong with a pull.
    private func words(for pull: Pull) -> PullWords {
        let node = nodes[pull.node].model
        let registry = pull.parsed?.registry ?? ""
        let host = node.faults.mirror(of: registry)?.host ?? registry
        return PullWords(
            flavour: node.flavour, written: pull.reference, reference: pull.parsed, host: host,
            address: RegistryModel.address(of: host), isPlain: RegistryModel.isPlain(host),
            architecture: node.architecture)
    }

    mutating func pullTimerFired(_ id: PullID) {
        guard let pull = pulls[id] else { return }
        switch pull.phase {
        case .asking: ask(pull)
        case .failing(let trouble): fail(pull, trouble)
        case .unpacking(let image): finish(pull, .success(image))
        case .transferring, .hanging: break
        }
    }

    private mutating func ask(_ asked: Pull) {
        guard let registry = asked.registry, let reference = asked.parsed else { return }
        let platform = nodes[asked.node].model.platform
        switch registries[registry].model.enter(reference, credential: asked.credential, platform: platform) {
        case .failure(let trouble): fail(asked, trouble)
        case .success(let image):
            let pull = transfer(of: image, for: asked, from: registry)
            nodes[pull.node].runtime.reserved += pull.reserved
            pulls[pull.id] = pull
            network.start(
                pull.id.number, bytes: Double(pull.bytes), over: [registries[registry].link, nodes[pull.node].link])
            shareBandwidth(of: registry)
        }
    }

    /// What has to come over the network, and how it will end.
    private mutating func transfer(of image: ImageDescriptor, for asked: Pull, from registry: Int) -> Pull {
        var pull = asked
        pull.phase = .transferring(image)
        let node = nodes[pull.node]
        guard node.runtime.image(image.id) == nil else { return pull }
        pull.kept = node.runtime.kept(of: image, at: now)
        pull.bytes = image.size - pull.kept
        let room = node.model.faults.store == .full ? 0 : node.runtime.freeBytes
        pull.reserved = min(room, image.diskSize)
        let whole = pull.bytes
        if room < image.diskSize {
            pull.end = .diskFull
            pull.bytes = Int64(Double(whole) * Double(room) / Double(max(1, image.diskSize)))
        }
        for range in [registries[registry].model.resetsAfter, node.model.faults.resetsAfter].compactMap({ $0 }) {
            let bytes = Int64.random(in: range, using: &random)
            guard bytes < pull.bytes else { continue }
            (pull.end, pull.bytes) = (.reset, max(0, bytes))
        }
        if let fraction = node.model.faults.stallsAfter {
            let bytes = Int64(Double(whole) * min(1, max(0, fraction)))
            if bytes <= pull.bytes { (pull.end, pull.bytes) = (.stall, bytes) }
        }
        return pull
    }

    mutating func transferred(_ id: PullID) {
        guard var pull = pulls[id], case .transferring(let image) = pull.phase else { return }
        switch pull.end {
        case .diskFull: return fail(pull, .diskFull(digest: image.digest))
        case .reset: return fail(pull, .connectionReset)
        case .stall:
            pull.phase = .hanging(image)
            pulls[id] = pull
            return
        case .whole, .corrupt: break
        }
        if pull.bytes > 0, nodes[pull.node].model.faults.corruptPulls > 0 {
            nodes[pull.node].model.faults.corruptPulls -= 1
            pull.end = .corrupt
            return fail(pull, .corruptContent(digest: image.digest))
        }
        if let speed = nodes[pull.node].model.unpackBandwidth, speed > 0, pull.bytes > 0 {
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

    private mutating func fail(_ pull: Pull, _ trouble: PullTrouble) {
        finish(pull, .failure(words(for: pull).failure(trouble)))
    }

    private mutating func finish(_ pull: Pull, _ result: Result<ImageDescriptor, PullFailure>) {
        var image: ImageDescriptor?
        var failure: PullFailure?
        switch result {
        case .success(let descriptor): image = descriptor
        case .failure(let error): failure = error
        }
        let bytes = close(pull, completed: image != nil)
        if let descriptor = image, let reference = pull.parsed {
            let isThere = nodes[pull.node].runtime.image(descriptor.id) != nil
            switch nodes[pull.node].model.faults.store {
            case .damaged where !isThere:
                image = nil
                failure = words(for: pull).failure(.damagedStore(digest: descriptor.digest))
            case .forgetful where !isThere: break
            default: nodes[pull.node].runtime.add(descriptor, as: reference, at: now)
            }
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
        let moved = network.cancel(pull.id.number).map { Int64($0) } ?? pull.bytes
        let image: ImageDescriptor
        switch pull.phase {
        case .transferring(let descriptor): image = descriptor
        case .hanging(let descriptor?): image = descriptor
        default: return moved
        }
        if let registry = pull.registry {
            registries[registry].model.leave(completed: completed)
            shareBandwidth(of: registry)
        }
        if !completed, pull.end.isKept, nodes[pull.node].runtime.image(image.id) == nil {
            nodes[pull.node].runtime.keep(
                pull.kept + moved, of: image, flavour: nodes[pull.node].model.flavour, pull: pull.id.number, at: now)
        }
        return moved
    }

    /// Transfers from a registry that went away break in the middle.
    mutating func breakPulls(from registry: Int) {
        for pull in pulls.values.sorted(by: { $0.id < $1.id }) where pull.registry == registry {
            guard case .transferring = pull.phase else { continue }
            fail(pull, .connectionReset)
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
