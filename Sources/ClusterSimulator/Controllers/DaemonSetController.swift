import FoundationEssentials
import Shared

/// Gives every eligible node its pod of each DaemonSet, replaces pods whose template has changed, and counts.
///
/// The decisions are those of ``DaemonSetPlan`` and ``Placement``; this only reads the store and writes to it. Not simulated:
/// `maxSurge` (such a DaemonSet is rolled one node at a time) and `minReadySeconds`.
actor DaemonSetController {
    private let store: ObjectStore
    private let minimumGap: Duration

    /// - Parameter minimumGap: rounds begin at least so far apart: changes in between are handled together.
    init(store: ObjectStore, minimumGap: Duration = .milliseconds(20)) {
        self.store = store
        self.minimumGap = minimumGap
    }

    /// Works until the task is cancelled.
    func run() async {
        let (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await withTaskGroup(of: Void.self) { group in
            for type in [ResourceType.daemonSets, .pods, .nodes, .serviceAccounts] {
                group.addTask { [store] in
                    // A watch that falls behind is ended by the store: the next round sees everything anyway.
                    while !Task.isCancelled {
                        signal.yield()
                        guard let events = try? await store.watch(type) else { continue }
                        signal.yield()
                        for await _ in events { signal.yield() }
                    }
                }
            }
            for await _ in signals {
                await reconcile()
                if (try? await Task.sleep(for: minimumGap)) == nil { break }
            }
            group.cancelAll()
        }
    }

    /// One round over every DaemonSet.
    func reconcile() async {
        let sets = await store.list(.daemonSets).items
        guard !sets.isEmpty else { return }
        let nodes = await store.list(.nodes).items
        let pods = await store.list(.pods).items
        var placement = Placement(nodes: nodes, pods: pods)
        for pod in pods { await schedule(pod, &placement) }
        let views = nodes.map(NodeView.init)
        for set in sets where !set.isBeingDeleted {
            await reconcile(set, nodes: views, pods: pods.filter { $0.namespace == set.namespace }, &placement)
        }
    }

    private func reconcile(
        _ set: JSONValue, nodes: [NodeView], pods: [JSONValue], _ placement: inout Placement
    ) async {
        let template = DaemonSetTemplate(set)
        await keepRevision(of: template)
        let own = await owned(by: set, among: pods)
        let plan = DaemonSetPlan(template: template, nodes: nodes, pods: own)
        for pod in plan.deletions {
            // Throws only for a pod that has gone or been replaced since.
            _ = try? await store.delete(
                .pods, namespace: pod.namespace, name: pod.name, options: DeleteOptions(uid: pod.uid))
        }
        for pod in plan.abandoned {
            _ = try? await store.delete(
                .pods, namespace: pod.namespace, name: pod.name,
                options: DeleteOptions(gracePeriodSeconds: 0, uid: pod.uid))
        }
        // Admission lets no pod in whose service account is missing.
        let account = set.at("spec", "template", "spec", "serviceAccountName")?.stringValue ?? "default"
        let stored = await store.get(.serviceAccounts, namespace: set.namespace, name: account)
        let hasAccount = account == "default" || stored != nil
        for node in plan.creations where hasAccount {
            var pod = template.pod(on: node)
            if placement.refusal(of: pod, on: node) != nil { pod.set("spec", "nodeName", to: nil) }
            let created: JSONValue
            do {
                created = try await store.create(.pods, namespace: set.namespace, object: pod)
            } catch {
                // The namespace or the DaemonSet can have gone meanwhile; the next round begins anew.
                await tellFailure(of: set, error.message)
                continue
            }
            if created.at("spec", "nodeName") == nil {
                await schedule(created, &placement)
            } else {
                placement.take(created, on: node)
            }
        }
        if plan.status != set["status"] {
            _ = try? await store.mutate(
                .daemonSets, namespace: set.namespace, name: set.name, subresource: .status
            ) { live in
                if live.uid == set.uid { live["status"] = plan.status }
            }
        }
    }

    /// One Event for each DaemonSet, which counts and has the newest words.
    private func tellFailure(of set: JSONValue, _ message: String) async {
        let (name, now) = ("\(set.name).failedcreate", JSONValue.string(timestamp(Date())))
        let words = JSONValue.string("Error creating: \(message)")
        let known = try? await store.mutate(.events, namespace: set.namespace, name: name) { event in
            event["count"] = .integer((event["count"]?.integerValue ?? 0) + 1)
            event["message"] = words
            event["lastTimestamp"] = now
        }
        guard known == nil else { return }
        let event: JSONValue = [
            "metadata": ["name": .string(name), "namespace": set.namespace.map(JSONValue.string) ?? .null],
            "involvedObject": [
                "apiVersion": "apps/v1", "kind": "DaemonSet", "name": .string(set.name),
                "namespace": set.namespace.map(JSONValue.string) ?? .null, "uid": .string(set.uid),
            ],
            "type": "Warning", "reason": "FailedCreate", "message": words, "count": 1, "firstTimestamp": now,
            "lastTimestamp": now, "source": ["component": "daemonset-controller"],
        ]
        _ = try? await store.create(.events, namespace: set.namespace, object: event)
    }

    /// Puts a pod that waits on its node when there is room, else says in its status why not.
    private func schedule(_ pod: JSONValue, _ placement: inout Placement) async {
        guard pod.at("spec", "nodeName")?.stringValue?.isEmpty ?? true, !pod.isBeingDeleted,
            let node = pod.intendedNode
        else { return }
        if let refusal = placement.refusal(of: pod, on: node) {
            let old = pod.at("status", "conditions")?.arrayValue?.first
            guard old?["message"]?.stringValue != refusal else { return }
            let condition: JSONValue = [
                "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": .string(refusal),
                "lastProbeTime": .null,
                "lastTransitionTime": old?["lastTransitionTime"] ?? .string(timestamp(Date())),
            ]
            _ = try? await store.mutate(.pods, namespace: pod.namespace, name: pod.name, subresource: .status) {
                $0.set("status", "conditions", to: [condition])
            }
        } else {
            placement.take(pod, on: node)
            _ = try? await store.mutate(.pods, namespace: pod.namespace, name: pod.name) {
                $0.set("spec", "nodeName", to: .string(node))
            }
        }
    }

    /// The set's pods. Pods that nobody controls and that its selector matches become its own.
    private func owned(by set: JSONValue, among pods: [JSONValue]) async -> [JSONValue] {
        let selector = set.at("spec", "selector") ?? .object([:])
        var own: [JSONValue] = []
        for pod in pods {
            let controller = pod.ownerReferences.first { $0["controller"] == true }
            if controller?["uid"]?.stringValue == set.uid {
                own.append(pod)
            } else if controller == nil, !pod.isBeingDeleted, WorkloadValidation.matches(selector, pod.labels) {
                let reference = DaemonSetTemplate(set).ownerReference
                let adopted = try? await store.mutate(.pods, namespace: pod.namespace, name: pod.name) { pod in
                    pod.set("metadata", "ownerReferences", to: .array(pod.ownerReferences + [reference]))
                }
                if let adopted { own.append(adopted) }
            }
        }
        return own
    }

    /// Writes the ControllerRevision of the template when there is none yet.
    private func keepRevision(of template: DaemonSetTemplate) async {
        let name = "\(template.daemonSet.name)-\(template.hash)"
        let namespace = template.daemonSet.namespace
        guard await store.get(.controllerRevisions, namespace: namespace, name: name) == nil else { return }
        let earlier = await store.list(.controllerRevisions, namespace: namespace).items.filter {
            $0.ownerReferences.contains { $0["uid"]?.stringValue == template.daemonSet.uid }
        }
        let number = (earlier.compactMap { $0["revision"]?.integerValue }.max() ?? 0) + 1
        _ = try? await store.create(
            .controllerRevisions, namespace: namespace, object: template.revision(name: name, number: number))
    }
}
