import Shared

extension ClusterModel {
    /// What a kubelet needs to know its pull by.
    struct KubeletOrder: Sendable {
        let token: PullToken
        /// Of the pod, whose credential is shown to the registry.
        let secret: PodSpec.PullSecret?
    }

    struct Pull: Sendable {
        enum Phase: Sendable {
            /// On the way to the registry, or refused on the way: the answer comes with the timer.
            case asking
            case failing(PullTrouble)
            case transferring(ImageDescriptor)
            case unpacking(ImageDescriptor)
            /// Nothing comes any more, and nobody says so.
            case hanging(ImageDescriptor?)
            /// CRI-O: shares another pull's fate, and asks nobody.
            case joined(PullID)
            /// containerd: another pull brings the image, and this one goes on if that fails.
            case waiting(PullID)

            /// What it is bringing.
            var image: ImageDescriptor? {
                switch self {
                case .transferring(let image), .unpacking(let image): image
                case .hanging(let image): image
                default: nil
                }
            }
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
        let kubelet: KubeletOrder?
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
            start(id, node: node, reference: reference, credential: credential)
        }
        return id
    }

    /// Ends a pull at once. No event follows but those of pulls that shared its work: with CRI-O they end with it.
    ///
    /// - Returns: whether it was running.
    @discardableResult
    public mutating func cancelPull(_ id: PullID) -> Bool {
        guard let pull = pulls[id] else { return false }
        close(pull, completed: false)
        release(followersOf: pull, .failure(words(for: pull).cancelled))
        return true
    }

    public func isRunning(_ id: PullID) -> Bool { pulls[id] != nil }

    /// Oldest first.
    public var runningPulls: [RunningPull] {
        pulls.values.sorted { $0.id < $1.id }.map { pull in
            RunningPull(
                id: pull.id, node: nodes[pull.node].model.name, reference: pull.reference, startedAt: pull.startedAt,
                isKubelets: pull.kubelet != nil)
        }
    }

    mutating func start(
        _ id: PullID, node: Int, reference: String, credential: Credential?, kubelet: KubeletOrder? = nil
    ) {
        let reading = nodes[node].runtime.reference(reference)
        let parsed = try? reading.get()
        let registry = parsed.flatMap { registryIndex[$0.registry] }
        var pull = Pull(
            id: id, node: node, reference: reference, parsed: parsed, registry: registry, credential: credential,
            kubelet: kubelet, startedAt: now)
        var delay: Seconds? = 0
        if case .failure(let trouble) = reading {
            pull.phase = .failing(trouble)
        } else if let leader = sameCall(as: pull) {
            pull.phase = .joined(leader)
            delay = nil
        } else if let parsed, let mirror = nodes[node].model.faults.mirror(of: parsed.registry) {
            (pull.phase, delay) = meet(mirror, for: parsed, registry: registry, node: node)
        } else if let registry {
            delay = latency(of: registry, node: node)
            if registries[registry].model.availability == .silent { delay = RegistryModel.connectTimeout }
        } else {
            pull.phase = .failing(.unknownHost)
            delay = Self.nameLookup
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
        case .status(let code):
            let trouble = PullTrouble(status: code)
            return (.failing(trouble), delay + patience(with: trouble, node: node))
        case .noMatchingPlatform:
            let digest = "sha256:" + StableHash.hex64("index without \(reference.normalised)")
            return (.failing(.noMatchingPlatform(digest: digest)), delay)
        case .refusing: return (.failing(.connectionRefused), delay)
        case .untrusted: return (.failing(.untrusted), delay)
        case .silent: return (.failing(.connectionTimedOut), RegistryModel.connectTimeout)
        case .hanging: return (.hanging(nil), nil)
        }
    }

    /// How long the runtime asks on before it says so: CRI-O waits `Retry-After` four times as an image and four times
    /// as an artifact; without one 2, 4, 8 and 16 s twice (measured). containerd asks six times within a moment.
    private func patience(with trouble: PullTrouble, node: Int) -> Seconds {
        guard case .rateLimited(let after) = trouble, !nodes[node].model.flavour.isContainerd else { return 0 }
        return after.map { 8 * $0 } ?? 60
    }

    /// How the node's runtime puts what goes wrong with a pull.
    private func words(for pull: Pull) -> PullWords {
        let node = nodes[pull.node].model
        let registry = pull.parsed?.registry ?? ""
        let host = node.faults.mirror(of: registry)?.host ?? registry
        let model = registryIndex[host].map { registries[$0].model }
        return PullWords(
            flavour: node.flavour, written: pull.reference, reference: pull.parsed, host: host,
            address: RegistryModel.address(of: host), isPlain: model?.isPlain ?? RegistryModel.isPlain(host),
            hasCredential: pull.credential != nil, architecture: node.architecture)
    }

    mutating func pullTimerFired(_ id: PullID) {
        guard let pull = pulls[id] else { return }
        switch pull.phase {
        case .asking: ask(pull)
        case .failing(let trouble): fail(pull, trouble)
        case .unpacking(let image): finish(pull, .success(image))
        case .transferring, .hanging, .joined, .waiting: break
        }
    }

    private mutating func ask(_ asked: Pull) {
        guard let registry = asked.registry, let reference = asked.parsed else { return }
        let node = nodes[asked.node].model
        switch registries[registry].model.enter(
            reference, credential: asked.credential, platform: node.platform, flavour: node.flavour)
        {
        case .failure(let trouble):
            let delay = patience(with: trouble, node: asked.node)
            guard delay > 0 else { return fail(asked, trouble) }
            var pull = asked
            pull.phase = .failing(trouble)
            pulls[pull.id] = pull
            timers.add(.pull(pull.id), at: now + delay)
        case .success(let current):
            let image = node.faults.stale[reference.normalised] ?? current
            if let leader = bringer(of: image, for: asked) {
                registries[registry].model.leave(completed: true)
                pulls[asked.id]?.phase = .waiting(leader)
                return
            }
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
        guard node.runtime.image(of: image) == nil else { return pull }
        pull.kept = node.runtime.kept(of: image, at: now)
        pull.bytes = image.size - pull.kept
        let room = node.model.faults.store == .full ? 0 : node.runtime.freeBytes
        let needed = node.runtime.diskSize(of: image)
        pull.reserved = min(room, needed)
        let whole = pull.bytes
        if room < needed {
            pull.end = .diskFull
            pull.bytes = Int64(Double(whole) * Double(room) / Double(max(1, needed)))
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
        var result = result
        let bytes = close(pull, completed: (try? result.get()) != nil)
        if case .success(let image) = result, let reference = pull.parsed {
            result = store(image, as: reference, for: pull)
        }
        var failure: PullFailure?
        if case .failure(let error) = result { failure = error }
        let image = try? result.get()
        let finished = FinishedPull(
            id: pull.id, reference: pull.reference, startedAt: pull.startedAt,
            imageRef: image.map(nodes[pull.node].runtime.id(of:)), image: image, failure: failure, bytes: bytes)
        if let order = pull.kubelet {
            note(.kubeletPullFinished(finished), node: pull.node)
            nodes[pull.node].kubelet.pullFinished(
                order.token, failure, image: finished.imageRef, secret: order.secret, at: now)
            runKubelet(pull.node)
        } else {
            note(.pullFinished(finished), node: pull.node)
        }
        release(followersOf: pull, result)
    }

    /// Gives a finished pull's image to the node's runtime.
    private mutating func store(
        _ image: ImageDescriptor, as reference: ImageReference, for pull: Pull
    ) -> Result<ImageDescriptor, PullFailure> {
        let isThere = nodes[pull.node].runtime.image(of: image) != nil
        switch nodes[pull.node].model.faults.store {
        case .damaged where !isThere: return .failure(words(for: pull).failure(.damagedStore(digest: image.digest)))
        case .forgetful where !isThere: return .success(image)
        default: break
        }
        nodes[pull.node].runtime.add(image, as: reference, at: now)
        // containerd 1.6 lists an artifact all the same.
        if image.kind == .artifact, nodes[pull.node].model.flavour == .containerd16 {
            return .failure(words(for: pull).failure(.unpackableArtifact))
        }
        return .success(image)
    }

    /// Frees everything that a pull holds.
    ///
    /// - Returns: the bytes that came over the network for it.
    @discardableResult
    private mutating func close(_ pull: Pull, completed: Bool) -> Int64 {
        pulls[pull.id] = nil
        nodes[pull.node].runtime.reserved -= pull.reserved
        let moved = network.cancel(pull.id.number).map { Int64($0) } ?? pull.bytes
        if case .unpacking = pull.phase { return moved }
        guard let image = pull.phase.image else { return moved }
        if let registry = pull.registry {
            registries[registry].model.leave(completed: completed)
            shareBandwidth(of: registry)
        }
        if !completed, pull.end.isKept, nodes[pull.node].runtime.image(of: image) == nil {
            nodes[pull.node].runtime.keep(
                pull.kept + moved, of: image, pull: pull.id.number, at: now)
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

// MARK: Pulls that share work

extension ClusterModel {
    /// CRI-O: a pull of the same reference with the same credential joins the one that runs. (With another credential it
    /// downloads everything once more.)
    private func sameCall(as pull: Pull) -> PullID? {
        guard !nodes[pull.node].model.flavour.isContainerd else { return nil }
        return pulls.values.filter { other in
            if case .joined = other.phase { return false }
            return other.node == pull.node && other.parsed?.normalised == pull.parsed?.normalised
                && other.credential == pull.credential
        }.map(\.id).min()
    }

    /// containerd: who brings the image already.
    private func bringer(of image: ImageDescriptor, for pull: Pull) -> PullID? {
        guard nodes[pull.node].model.flavour.isContainerd else { return nil }
        return pulls.values.filter { $0.node == pull.node && $0.phase.image?.id == image.id }.map(\.id).min()
    }

    /// What becomes of those who waited for a pull that has ended: with CRI-O the same as of it, its cancellation
    /// included; with containerd they go on where it stopped.
    private mutating func release(followersOf leader: Pull, _ result: Result<ImageDescriptor, PullFailure>) {
        for id in pulls.keys.sorted() {
            guard let follower = pulls[id] else { continue }
            switch (follower.phase, result) {
            case (.joined(leader.id), _): finish(follower, result)
            case (.waiting(leader.id), .success): finish(follower, result)
            case (.waiting(leader.id), .failure): ask(follower)
            default: break
            }
        }
    }
}
