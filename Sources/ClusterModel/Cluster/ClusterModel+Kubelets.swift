import Shared

extension ClusterModel {
    /// Gives a pod to a node's kubelet.
    public mutating func addPod(_ spec: PodSpec, node name: String) {
        guard let index = nodeIndex[name] else { return }
        nodes[index].kubelet.add(spec, at: now)
        runKubelet(index)
    }

    /// Ends a pod with its containers and its pulls.
    public mutating func removePod(_ id: String, node name: String) {
        guard let index = nodeIndex[name] else { return }
        nodes[index].kubelet.remove(id)
        nodes[index].runtime.removeContainers(pod: id, at: now)
        runKubelet(index)
    }

    /// A pod's object was updated, by whomever.
    public mutating func syncPod(_ id: String, node name: String) {
        guard let index = nodeIndex[name], nodes[index].isOnline else { return }
        nodes[index].kubelet.sync(id, at: now)
        runKubelet(index)
    }

    /// The ephemeral containers of the pod's object.
    public mutating func extendPod(_ id: String, by containers: [PodSpec.Container], node name: String) {
        guard let index = nodeIndex[name], nodes[index].isOnline else { return }
        nodes[index].kubelet.extend(id, by: containers, at: now)
        runKubelet(index)
    }

    /// A container ended by itself.
    public mutating func containerExited(
        node name: String, pod: String, container: String, exitCode: Int, reason: String? = nil, message: String? = nil
    ) {
        guard let index = nodeIndex[name], nodes[index].isOnline else { return }
        nodes[index].kubelet.containerExited(
            pod: pod, container: container, exitCode: exitCode, reason: reason, message: message, at: now)
        runKubelet(index)
    }

    public func pod(_ id: String, node name: String) -> PodModel? {
        nodeIndex[name].flatMap { nodes[$0].kubelet.pod(id) }
    }

    /// Oldest first.
    public func pods(node name: String) -> [PodModel] {
        nodeIndex[name].map { nodes[$0].kubelet.pods } ?? []
    }

    mutating func runKubelet(_ index: Int) {
        guard nodes[index].isOnline else { return }
        let runtime = nodes[index].runtime
        for action in nodes[index].kubelet.advance(to: now, runtime: runtime) { perform(action, node: index) }
        schedule(index)
    }

    private mutating func schedule(_ index: Int) {
        guard let next = nodes[index].kubelet.nextTime else {
            nodes[index].kubeletTimer = nil
            return
        }
        let time = max(now, next)
        guard nodes[index].kubeletTimer != time else { return }
        nodes[index].kubeletTimer = time
        timers.add(.kubelet(node: index, at: time), at: time)
    }

    /// What a kubelet shows to a registry: the pod's Secrets come before what the node has by itself. (A real one tries
    /// one after another until the registry takes one; this takes that one at once.)
    private func credential(
        for reference: String, of secrets: [PodSpec.PullSecret], node index: Int
    ) -> (credential: Credential, secret: PodSpec.PullSecret?)? {
        guard let host = (try? ImageReference(reference))?.registry else { return nil }
        var candidates: [(credential: Credential, secret: PodSpec.PullSecret?)] = secrets.compactMap { secret in
            secret.credentials[host].map { ($0, secret) }
        }
        if let own = nodes[index].model.kubeletCredentials[host] { candidates.append((own, nil)) }
        let wanted = registry(host)?.credential
        return candidates.first { $0.credential == wanted } ?? candidates.first
    }

    private mutating func perform(_ action: KubeletModel.Action, node index: Int) {
        switch action {
        case .pull(let token, let reference, let secrets):
            let id = PullID(number: nextPull)
            nextPull += 1
            let shown = credential(for: reference, of: secrets, node: index)
            start(
                id, node: index, reference: reference, credential: shown?.credential,
                kubelet: KubeletOrder(token: token, secret: shown?.secret))
        case .cancelPull(let token):
            if let pull = pulls.values.first(where: { $0.node == index && $0.kubelet?.token == token }) {
                cancelPull(pull.id)
            }
        case .started(let pod, let container, let attempt, let imageID):
            _ = nodes[index].runtime.addContainer(
                name: container, pod: pod, attempt: attempt, imageID: imageID, at: now)
            note(.containerStarted(pod: pod, container: container), node: index)
        case .stopped(let pod, let container):
            nodes[index].runtime.removeContainers(pod: pod, name: container, at: now)
        case .changed(let pod):
            note(.podChanged(pod: pod), node: index)
        }
    }
}
