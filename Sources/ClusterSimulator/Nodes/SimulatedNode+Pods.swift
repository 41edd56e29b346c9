import ClusterModel
import FoundationEssentials
import Logging
import Shared

/// The pods of a node: from the API to the kubelet model, and back.
extension SimulatedNode {
    /// A pod of this node is new or has changed.
    func podChanged(_ pod: JSONValue) async {
        let uid = pod.uid
        let old = pods[uid]?.object
        if pods[uid] == nil { pods[uid] = HostedPod(object: pod) } else { pods[uid]?.object = pod }
        guard isOnline, let phase = pods[uid]?.phase, phase != .terminating else { return }
        if pod.isBeingDeleted {
            pods[uid]?.phase = .terminating
            Task { await terminate(uid) }
        } else if phase == .waiting {
            pods[uid]?.phase = .mounting
            Task { await admit(uid) }
        } else if phase == .admitted, let old, old.withoutStatus != pod.withoutStatus {
            // What the kubelet itself writes is no reason to look.
            let added = (pod.at("spec", "ephemeralContainers")?.arrayValue ?? []).map {
                PodSpec.Container($0, exitsAfter: nil)
            }
            await cluster.change { [name] in
                $0.extendPod(uid, by: added, node: name)
                $0.syncPod(uid, node: name)
            }
        }
    }

    /// The object is gone from the API, with or without our doing.
    func podGone(_ uid: String) async {
        guard let pod = pods[uid], isOnline else { return }
        pods[uid]?.phase = .terminating
        pods[uid]?.processes.removeAll()
        for process in pod.processes.values { await process.kill() }
        await forget(uid)
    }

    /// Mounts the pod's volumes and hands it to the kubelet. A volume that is missing is waited for.
    private func admit(_ uid: String) async {
        while let pod = pods[uid], pod.phase == .mounting, isOnline {
            do {
                let folders = try await podFolder(uid).prepare(pod.object)
                guard pods[uid]?.phase == .mounting, isOnline else { break }
                pods[uid]?.folders = folders
                pods[uid]?.phase = .admitted
                await cluster.addPod(
                    PodSpec(pod.object, secrets: await PullSecretFiles(store: store).secrets(of: pod.object)),
                    called: .init(namespace: pod.object.namespace ?? "", name: pod.object.name), node: name)
                return
            } catch {
                surroundings.logger.debug(
                    "pod waits", metadata: ["node": "\(name)", "pod": "\(pod.object.name)", "why": "\(error)"])
                await showCreating(pod.object)
                do { try await Task.sleep(for: .milliseconds(500)) } catch { return }
            }
        }
        // The node went down; when it comes up, the pod is looked at again.
        if pods[uid]?.phase == .mounting { pods[uid]?.phase = .waiting }
    }

    /// SIGTERM, the grace period, SIGKILL; then the API may forget the pod.
    private func terminate(_ uid: String) async {
        guard let pod = pods[uid] else { return }
        pods[uid]?.processes.removeAll()
        await cluster.removePod(uid, node: name)
        let grace = pod.object.at("metadata", "deletionGracePeriodSeconds")?.integerValue ?? 30
        await withTaskGroup(of: Void.self) { group in
            for process in pod.processes.values {
                group.addTask { await process.terminate(grace: .seconds(grace)) }
            }
        }
        guard isOnline else {
            // A dead node confirms nothing. When it comes back it will be asked again.
            pods[uid]?.phase = .waiting
            return
        }
        await forget(uid)
        await store.finishDeletion(namespace: pod.object.namespace ?? "", name: pod.object.name, uid: uid)
    }

    private func forget(_ uid: String) async {
        pods[uid] = nil
        await cluster.removePod(uid, node: name)
        podFolder(uid).remove()
    }

    private func podFolder(_ uid: String) -> PodFolder {
        PodFolder(
            node: folder, path: "\(folder)/pods/\(uid)",
            files: VolumeFiles(store: store, tokens: surroundings.tokens))
    }

    /// Brings mounted secrets and config maps up to date. (A real kubelet takes 60 to 90 s.)
    func refreshVolumes(namespace: String?) async {
        await refreshVolumes(pods: Set(pods.filter { $0.value.object.namespace == namespace }.keys))
    }

    /// Brings what these pods have mounted up to date. What has gone from the cluster stays as it was mounted.
    func refreshVolumes(pods due: Set<String>) async {
        for (uid, pod) in pods where due.contains(uid) && pod.phase == .admitted {
            _ = try? await podFolder(uid).prepare(pod.object)
        }
    }

    // MARK: Status

    /// Writes what the kubelet model says of a pod into its status.
    func publish(_ uid: String) async {
        guard isOnline, pods[uid] != nil, let model = await cluster.read({ [name] in $0.pod(uid, node: name) }),
            let pod = pods[uid]?.object
        else { return }
        await write(model, of: pod)
    }

    /// Before the kubelet can do anything, every container is being created.
    private func showCreating(_ pod: JSONValue) async {
        await write(KubeletModel.unstarted(PodSpec(pod), at: Date().timeIntervalSince(cluster.epoch)), of: pod)
    }

    private func write(_ model: PodModel, of pod: JSONValue) async {
        let (epoch, address, runtime) = (cluster.epoch, object.address, scenario.runtimeFlavour.runtimeName)
        _ = try? await store.mutate(.pods, namespace: pod.namespace, name: pod.name, subresource: .status) { stored in
            guard stored.uid == pod.uid else { return }
            stored["status"] =
                PodStatus(
                    pod: stored, model: model, epoch: epoch, now: Date(), hostIP: address, runtime: runtime
                ).status
        }
    }
}

extension JSONValue {
    /// What a kubelet compares to see whether it has to do something: annotations, labels and the spec.
    fileprivate var withoutStatus: [JSONValue?] {
        [at("spec"), at("metadata", "labels"), at("metadata", "annotations"), at("metadata", "deletionTimestamp")]
    }
}
