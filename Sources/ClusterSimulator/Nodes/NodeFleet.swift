import ClusterModel
import FoundationEssentials
import Logging
import Shared

/// All simulated nodes, and the news that they have to hear: from the API, and from the model.
actor NodeFleet {
    let surroundings: NodeSurroundings
    let kubelet: KubeletConfiguration
    private var nodes: [String: SimulatedNode] = [:]
    /// Every node that there ever was.
    private(set) var everJoined: [String] = []

    init(surroundings: NodeSurroundings, kubelet: KubeletConfiguration) {
        self.surroundings = surroundings
        self.kubelet = kubelet
    }

    private var store: ObjectStore { surroundings.store }
    private var cluster: LiveCluster { surroundings.cluster }

    func node(_ name: String) -> SimulatedNode? { nodes[name] }
    var names: [String] { nodes.keys.sorted() }

    /// Adds a node; nil when there is one of that name.
    @discardableResult
    func add(_ scenario: NodeScenario) async throws -> SimulatedNode? {
        guard nodes[scenario.name] == nil else { return nil }
        let model = try scenario.model(kubelet: kubelet)
        let node = SimulatedNode(scenario, number: everJoined.count, surroundings: surroundings)
        everJoined.append(scenario.name)
        nodes[scenario.name] = node
        await cluster.change { $0.addNode(model) }
        do {
            try await node.join()
            await node.showPressure()
        } catch {
            nodes[scenario.name] = nil
            throw error
        }
        return node
    }

    /// Takes a node away at once, with the pods that were on it.
    func remove(_ name: String) async -> Bool {
        guard let node = nodes.removeValue(forKey: name) else { return false }
        await node.leave(grace: .zero)
        await cluster.change { $0.removeNode(name) }
        _ = try? await store.delete(.nodes, name: name)
        for pod in await store.list(.pods).items where pod.at("spec", "nodeName")?.stringValue == name {
            _ = try? await store.delete(
                .pods, namespace: pod.namespace, name: pod.name, gracePeriodSeconds: 0, uid: pod.uid)
        }
        return true
    }

    /// Looks after the nodes until the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.followModel() }
            group.addTask { await self.followPods() }
            group.addTask { await self.followVolumes(.secrets) }
            group.addTask { await self.followVolumes(.configMaps) }
            group.addTask { await self.renewTokens() }
            group.addTask { await self.heartbeat() }
        }
    }

    /// Ends every agent, and everything else.
    func stop(grace: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            for node in nodes.values { group.addTask { await node.leave(grace: grace) } }
        }
        nodes.removeAll()
        await cluster.stop()
    }

    private func followModel() async {
        for await event in cluster.events {
            guard let node = nodes[event.node] else { continue }
            switch event.kind {
            case .containerStarted(let pod, let container): await node.startProgram(pod: pod, container: container)
            case .podChanged(let pod): await node.publish(pod)
            case .kubeletPullFinished(let pull):
                await node.showDisk()
                surroundings.logger.debug(
                    "kubelet pulled",
                    metadata: [
                        "node": "\(event.node)", "image": "\(pull.reference)",
                        "failure": "\(pull.failure?.message ?? "")",
                    ])
            case .pullFinished, .imagesCollected: await node.showDisk()
            }
        }
    }

    private func followPods() async {
        while !Task.isCancelled {
            let (pods, version) = await store.list(.pods)
            for pod in pods { await tell(pod) }
            guard let events = try? await store.watch(.pods, from: version) else { continue }
            for await event in events {
                if event.kind == .deleted {
                    let name = event.object.at("spec", "nodeName")?.stringValue ?? ""
                    await nodes[name]?.podGone(event.object.uid)
                    surroundings.tokens.revoke(podUID: event.object.uid)
                } else {
                    await tell(event.object)
                }
            }
        }
    }

    private func tell(_ pod: JSONValue) async {
        guard let name = pod.at("spec", "nodeName")?.stringValue else { return }
        await nodes[name]?.podChanged(pod)
    }

    private func followVolumes(_ type: ResourceType) async {
        while !Task.isCancelled {
            guard let events = try? await store.watch(type) else { continue }
            for await event in events where event.kind != .bookmark {
                for node in nodes.values { await node.refreshVolumes(namespace: event.object.namespace) }
            }
        }
    }

    /// Replaces tokens before they expire.
    private func renewTokens() async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
            let due = surroundings.tokens.podsDue
            guard !due.isEmpty else { continue }
            for node in nodes.values { await node.refreshVolumes(pods: due) }
        }
    }

    private func heartbeat() async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: .seconds(10)) } catch { return }
            for node in nodes.values {
                await node.showImages()
                await node.showPressure()
            }
        }
    }
}
