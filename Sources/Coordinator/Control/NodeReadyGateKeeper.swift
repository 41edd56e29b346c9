import Cluster
import Events
import Formatting
import KubernetesClient
import Logging
import Planning
import Shared
import Supervision

/// Takes the startup taint from nodes, as the plan says, and tells what became of it.
///
/// Somebody must run ``run()``.
package actor NodeReadyGateKeeper {
    private let client: KubernetesClient
    private let configMap: ObjectReference
    /// Whether we may write Events about nodes. Else they are about the ConfigMap.
    private let tellsNodes: Bool
    private let events: EventRecorder
    private let logger: Logger
    /// That we mayn't patch nodes is told once.
    private var isRefused = false

    package init(client: KubernetesClient, configMap: ObjectReference, tellsNodes: Bool, logger: Logger) {
        self.client = client
        self.configMap = configMap
        self.tellsNodes = tellsNodes
        self.logger = logger
        // Nodes join by the hundred.
        events = EventRecorder(
            client: client, logger: logger, aggregator: EventAggregator(burst: 100, perSecond: 2))
    }

    /// Works until cancelled.
    package func run() async { await events.run() }

    /// - Returns: whether there's nothing left to do.
    package func open(_ opening: GateOpening) async -> Bool {
        do {
            if try await removeTaint(opening) { tell(opening) }
            isRefused = false
            return true
        } catch let error as KubernetesError where error.status == 403 {
            tellRefusal(opening.taint, error)
        } catch {
            guard !Task.isCancelled else { return false }
            logger.warning(
                "a startup taint could not be removed; it is tried again",
                metadata: ["node": "\(opening.node)", "error": "\(error)"])
        }
        return false
    }

    // MARK: The node

    /// The list of taints can only be written whole, so it is read anew, and written on the condition that nobody has
    /// changed the node since.
    ///
    /// - Returns: whether it was we who removed it.
    private func removeTaint(_ opening: GateOpening) async throws -> Bool {
        var tries = 0
        while true {
            // Whoever may list nodes needs no further permission to read one.
            let selection = Selection(fieldSelector: "metadata.name=\(opening.node)")
            let node = try await client.list(TaintedNode.self, selection).items.first
            guard let node, node.metadata.uid == opening.uid else { return false }
            let taints = node.spec?.taints ?? []
            let kept = taints.filter { Taint($0).map { !$0.isSame(as: opening.taint) } ?? true }
            guard kept.count < taints.count else { return false }
            let patch: JSONValue = [
                "metadata": ["resourceVersion": node.metadata.resourceVersion.map { .string($0) } ?? .null],
                "spec": ["taints": kept.isEmpty ? .null : .array(kept)],
            ]
            do {
                try await client.mergePatch(patch, .nodes, name: opening.node)
                return true
            } catch let error as KubernetesError where error.isConflict && tries < 10 {
                // A kubelet writes its node's status while images come.
                tries += 1
                try await Task.sleep(for: .milliseconds(Int.random(in: 20...(100 * tries))))
            }
        }
    }

    // MARK: Telling

    private func tell(_ opening: GateOpening) {
        let (kind, reason, message) = Self.text(opening)
        logger.log(level: kind == .warning ? .warning : .notice, "node \(opening.node): \(message)")
        if tellsNodes {
            let about = ObjectReference(apiVersion: "v1", kind: "Node", name: opening.node, uid: opening.uid)
            events.record(kind, about: about, reason: reason, message: message)
        } else {
            events.record(kind, about: configMap, reason: reason, message: "node \(opening.node): \(message)")
        }
    }

    static func text(_ opening: GateOpening) -> (kind: Event.Kind, reason: String, message: String) {
        let time = SpanText.seconds(opening.seconds)
        guard !opening.lacking.isEmpty else {
            return (
                .normal, "StartupTaintRemoved",
                "every listed image is present, \(time) after the node became ready; removed the startup taint "
                    + "\(opening.taint.text)."
            )
        }
        let lacking = opening.lacking.prefix(5).map { image in
            "\(image.name) (\(image.state.word)\(image.reason.map { ": \($0.rawValue)" } ?? ""))"
        }
        let others = opening.lacking.count > 5 ? " and \(opening.lacking.count - 5) others" : ""
        return (
            .warning, "StartupTaintTimedOut",
            "\(time) after the node became ready it lacks \(lacking.joined(separator: ", "))\(others); removed the "
                + "startup taint \(opening.taint.text) all the same (NODE_READY_TIMEOUT_SECONDS)."
        )
    }

    private func tellRefusal(_ taint: Taint, _ error: KubernetesError) {
        logger.debug("a startup taint could not be removed", metadata: ["error": "\(error)"])
        guard !isRefused else { return }
        isRefused = true
        let message =
            "the coordinator may not remove the startup taint \(taint.text) from nodes, which keep other pods away until "
            + "then. Grant it to patch nodes: where Helm installed it by the chart's rbac.nodeReadyGate, else by "
            + "kubectl apply -f deploy/kustomize/node-ready-gate.yaml. It is tried again every minute."
        logger.warning("\(message)", metadata: ["error": "\(error.message)"])
        events.record(.warning, about: configMap, reason: "StartupTaintKept", message: message)
    }
}

/// A node's taints as they stand, with whatever fields others write.
private struct TaintedNode: KubernetesResource {
    static let resourceType = ResourceType.nodes

    var metadata = ObjectMeta()
    var spec: Spec?

    struct Spec: Codable, Sendable {
        var taints: [JSONValue]?
    }
}

extension Taint {
    /// Nil for what is no taint that we know.
    fileprivate init?(_ document: JSONValue) {
        guard let key = document["key"]?.stringValue,
            let effect = document["effect"]?.stringValue.flatMap(TaintEffect.init)
        else { return nil }
        self.init(key: key, value: document["value"]?.stringValue, effect: effect)
    }
}
