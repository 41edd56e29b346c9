import Shared

/// Nodes and registries in virtual time: who pulls what, how long it takes, and what goes wrong.
///
/// A value. Nothing happens but by its functions, and the same calls with the same seed give the same history.
/// Changes take effect at ``now``; ``advance(to:)`` lets time pass.
public struct ClusterModel: Sendable {
    struct Node: Sendable {
        var model: NodeModel
        var runtime: RuntimeModel
        var kubelet: KubeletModel
        let link: TransferModel.Link
        var isOnline = true
        var isRemoved = false
        /// The one entry of the timer queue that counts for its kubelet.
        var kubeletTimer: Seconds?
    }

    struct Registry: Sendable {
        var model: RegistryModel
        let link: TransferModel.Link
    }

    enum Timer: Sendable {
        case pull(PullID)
        case kubelet(node: Int, at: Seconds)
        case garbageCollection(node: Int)
    }

    public internal(set) var now: Seconds = 0
    var nodes: [Node] = []
    var nodeIndex: [String: Int] = [:]
    var registries: [Registry] = []
    var registryIndex: [String: Int] = [:]
    var network = TransferModel()
    var timers = TimerQueue<Timer>()
    var pulls: [PullID: Pull] = [:]
    var events: [ClusterEvent] = []
    var random: SeededGenerator
    var nextPull: UInt64 = 1

    public init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    // MARK: Time

    /// When something happens next by itself. Nil when nothing ever will.
    public var nextEventTime: Seconds? {
        mutating get {
            if !events.isEmpty { return now }
            let transfer = network.nextEventTime
            guard let timer = timers.nextTime else { return transfer }
            return max(now, transfer.map { min($0, timer) } ?? timer)
        }
    }

    /// Lets time pass up to `target`; into the past it doesn't go.
    ///
    /// - Returns: what happened, in order, what was done since the last call included.
    public mutating func advance(to target: Seconds) -> [ClusterEvent] {
        while true {
            let timer = timers.nextTime ?? .infinity
            let next = max(now, min(timer, network.nextEventTime ?? .infinity))
            guard next <= target else { break }
            let completions = network.advance(to: next)
            now = next
            for completion in completions { transferred(PullID(number: completion.id)) }
            while let due = timers.removeNext(by: now) { fire(due.element) }
        }
        if target > now {
            _ = network.advance(to: target)
            now = target
        }
        defer { events.removeAll() }
        return events
    }

    private mutating func fire(_ timer: Timer) {
        switch timer {
        case .pull(let id): pullTimerFired(id)
        case .kubelet(let node, let time):
            guard nodes[node].kubeletTimer == time else { return }
            nodes[node].kubeletTimer = nil
            runKubelet(node)
        case .garbageCollection(let node): collectGarbage(node)
        }
    }

    // MARK: Nodes

    /// Adds a node, or brings one of that name back with an empty disk.
    public mutating func addNode(_ model: NodeModel) {
        if nodeIndex[model.name] != nil { removeNode(model.name) }
        var runtime = RuntimeModel(
            flavour: model.flavour, platform: model.platform, diskCapacity: model.diskCapacity,
            usedByOthers: model.diskUsedByOthers)
        runtime.sandboxImage = model.sandboxImage
        runtime.shortNames = model.shortNames
        let kubelet = KubeletModel(configuration: model.kubelet, seed: random.next())
        let link = network.addLink(capacity: model.effectiveBandwidth)
        nodes.append(Node(model: model, runtime: runtime, kubelet: kubelet, link: link))
        nodeIndex[model.name] = nodes.count - 1
        if let rules = model.garbageCollection {
            timers.add(.garbageCollection(node: nodes.count - 1), at: now + rules.period)
        }
    }

    public mutating func removeNode(_ name: String) {
        guard let index = nodeIndex.removeValue(forKey: name) else { return }
        dropPulls(of: index)
        nodes[index].isOnline = false
        nodes[index].isRemoved = true
    }

    /// Switches a node off (its pulls and containers end without a word) or on again.
    public mutating func setOnline(_ isOnline: Bool, node name: String) {
        guard let index = nodeIndex[name], nodes[index].isOnline != isOnline else { return }
        nodes[index].isOnline = isOnline
        if isOnline {
            nodes[index].kubelet.restart(at: now)
            runKubelet(index)
        } else {
            dropPulls(of: index)
            for pod in nodes[index].kubelet.pods { nodes[index].runtime.removeContainers(pod: pod.id, at: now) }
        }
    }

    /// In the order of joining.
    public var nodeNames: [String] { nodes.lazy.filter { !$0.isRemoved }.map(\.model.name) }
    public func node(_ name: String) -> NodeModel? { nodeIndex[name].map { nodes[$0].model } }
    public func isOnline(_ name: String) -> Bool { nodeIndex[name].map { nodes[$0].isOnline } ?? false }
    public func runtime(_ name: String) -> RuntimeModel? { nodeIndex[name].map { nodes[$0].runtime } }

    /// Takes effect on running pulls too.
    public mutating func setBandwidth(_ bandwidth: Double, node name: String) {
        guard let index = nodeIndex[name] else { return }
        nodes[index].model.bandwidth = bandwidth
        network.setCapacity(nodes[index].model.effectiveBandwidth, of: nodes[index].link)
    }

    /// Changes what is wrong on one node alone. The bandwidth takes effect at once, all else on what begins from now on.
    public mutating func changeFaults(node name: String, _ change: (inout NodeFaults) -> Void) {
        guard let index = nodeIndex[name] else { return }
        change(&nodes[index].model.faults)
        network.setCapacity(nodes[index].model.effectiveBandwidth, of: nodes[index].link)
    }

    public mutating func setDisk(capacity: Int64? = nil, usedByOthers: Int64? = nil, node name: String) {
        guard let index = nodeIndex[name] else { return }
        if let capacity { nodes[index].runtime.diskCapacity = capacity }
        if let usedByOthers { nodes[index].runtime.usedByOthers = usedByOthers }
    }

    /// Gives a node's kubelet a credential of its own, or takes it away.
    public mutating func setKubeletCredential(_ credential: Credential?, registry host: String, node name: String) {
        guard let index = nodeIndex[name] else { return }
        nodes[index].model.kubeletCredentials[host] = credential
    }

    /// Removes an image as CRI's RemoveImage does.
    ///
    /// - Returns: its id; nil when it isn't there, or when the runtime refuses.
    @discardableResult
    public mutating func removeImage(_ reference: String, node name: String) -> String? {
        (try? tryRemovingImage(reference, node: name)) ?? nil
    }

    /// Removes an image as CRI's RemoveImage does, and says why not.
    ///
    /// - Returns: its id; nil when it isn't there, which is no error in CRI.
    @discardableResult
    public mutating func tryRemovingImage(_ reference: String, node name: String) throws(RuntimeRefusal) -> String? {
        guard let index = nodeIndex[name] else { return nil }
        return try nodes[index].runtime.remove(reference)
    }

    /// What ListImages answers, with the node's faults.
    public func listImages(node name: String, filter: String? = nil) throws(RuntimeRefusal) -> [RuntimeModel.Image] {
        guard let index = nodeIndex[name] else { return [] }
        let runtime = nodes[index].runtime
        if nodes[index].model.faults.breaksList, runtime.flavour == .crio136 {
            throw .unknown(
                "choosing image instance: no image found in manifest list for architecture "
                    + "\(nodes[index].model.architecture), variant \"v8\", OS linux")
        }
        return try runtime.list(filter: filter)
    }

    /// Takes part of an image's content away, as a crash does. It is listed all the same, and a pull changes nothing;
    /// only its removal helps.
    public mutating func damageImage(_ reference: String, node name: String) {
        guard let index = nodeIndex[name] else { return }
        nodes[index].runtime.damage(reference)
    }

    /// Puts an image onto a node without any pull, as a node's own set-up does.
    public mutating func preload(_ image: ImageDescriptor, as reference: ImageReference, node name: String) {
        guard let index = nodeIndex[name] else { return }
        nodes[index].runtime.add(image, as: reference, at: now)
    }

    private mutating func collectGarbage(_ index: Int) {
        guard !nodes[index].isRemoved, let rules = nodes[index].model.garbageCollection else { return }
        timers.add(.garbageCollection(node: index), at: now + rules.period)
        guard nodes[index].isOnline else { return }
        let removed = nodes[index].runtime.collectGarbage(rules, at: now)
        if !removed.isEmpty { note(.imagesCollected(removed), node: index) }
    }

    // MARK: Registries

    /// Adds a registry. One of the same host is replaced; its running pulls go on.
    public mutating func addRegistry(_ model: RegistryModel) {
        if let index = registryIndex[model.host] {
            registries[index].model = model
        } else {
            registries.append(Registry(model: model, link: network.addLink(capacity: model.bandwidth)))
            registryIndex[model.host] = registries.count - 1
        }
    }

    /// In the order of adding.
    public var registryHosts: [String] { registries.map(\.model.host) }
    public func registry(_ host: String) -> RegistryModel? { registryIndex[host].map { registries[$0].model } }
    /// Everything that it has sent so far.
    public func bytesServed(by host: String) -> Double {
        registryIndex[host].map { network.bytesCarried(by: registries[$0].link) } ?? 0
    }
    /// Bytes a second that it sends now.
    public mutating func rate(of host: String) -> Double {
        registryIndex[host].map { network.rate(of: registries[$0].link) } ?? 0
    }
    /// Bytes a second that the node receives now.
    public mutating func rate(ofNode name: String) -> Double {
        nodeIndex[name].map { network.rate(of: nodes[$0].link) } ?? 0
    }

    /// Changes a registry: its contents, limits or faults. When it stops being available, its running pulls break.
    public mutating func changeRegistry(_ host: String, _ change: (inout RegistryModel) -> Void) {
        guard let index = registryIndex[host] else { return }
        change(&registries[index].model)
        shareBandwidth(of: index)
        if registries[index].model.availability != .available { breakPulls(from: index) }
    }

    mutating func note(_ kind: ClusterEvent.Kind, node index: Int) {
        events.append(ClusterEvent(time: now, node: nodes[index].model.name, kind: kind))
    }
}
