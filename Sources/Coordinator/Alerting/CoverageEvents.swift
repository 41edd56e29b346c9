import Cluster
import Events
import ImageSets
import KubernetesClient
import Logging
import Planning
import Reporting
import Shared

/// Writes Events of what ``CoverageNews`` finds: about the DaemonSet, and about nodes where we may.
///
/// Somebody must run ``run()``.
package final class CoverageEvents: Sendable {
    private struct Told: Sendable {
        var news: CoverageNews.News
        var namespace: String
        var daemonSet: String
    }

    private let client: KubernetesClient
    private let recorder: EventRecorder
    /// Nodes are many: what is said of them has a queue and a rate of its own.
    private let nodeRecorder: EventRecorder?
    private let queue: AsyncStream<Told>
    private let continuation: AsyncStream<Told>.Continuation

    /// - Parameter aboutNodes: whether we may write Events about nodes.
    package init(client: KubernetesClient, aboutNodes: Bool, logger: Logger) {
        self.client = client
        recorder = EventRecorder(client: client, logger: logger)
        nodeRecorder =
            aboutNodes
            ? EventRecorder(client: client, logger: logger, aggregator: EventAggregator(burst: 25, perSecond: 0.5))
            : nil
        (queue, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(EventRecorder.queueLength))
    }

    package func tell(_ news: CoverageNews.News, _ configuration: Configuration) {
        continuation.yield(
            Told(news: news, namespace: configuration.namespace, daemonSet: configuration.daemonSetName))
    }

    /// Works until cancelled.
    package func run() async {
        await withTaskGroup { group in
            group.addTask { await self.recorder.run() }
            group.addTask { await self.nodeRecorder?.run() }
            group.addTask { for await told in self.queue { await self.write(told) } }
        }
    }

    private func write(_ told: Told) async {
        let (kind, reason, message) = Self.text(told.news)
        let subject: NodeView? =
            switch told.news {
            case .nodeWarmed(let node, _), .nodeDeviates(let node, _): node
            default: nil
            }
        // What a node suffers alone is told of the DaemonSet, too: there it is looked for.
        var isAboutNodeAlone = false
        if case .nodeWarmed = told.news { isAboutNodeAlone = true }
        if let node = subject {
            let about = ObjectReference(apiVersion: "v1", kind: "Node", name: node.name, uid: node.uid)
            nodeRecorder?.record(kind, about: about, reason: reason, message: message)
            if isAboutNodeAlone { return }
        }
        var about = ObjectReference(
            apiVersion: "apps/v1", kind: "DaemonSet", namespace: told.namespace, name: told.daemonSet)
        // `kubectl describe` looks for Events by the object's uid.
        about.uid = try? await client.find(DaemonSet.self, told.daemonSet, namespace: told.namespace)?.metadata.uid
        recorder.record(kind, about: about, reason: reason, message: message)
    }

    /// Texts say nothing that changes from one time to the next: repetitions are to count up.
    static func text(_ news: CoverageNews.News) -> (kind: Event.Kind, reason: String, message: String) {
        switch news {
        case .imageCached(let image, _):
            return (
                .normal, "ImageCached",
                "\(image.name) (\(image.reference.written)) is on every node that is to have it."
            )
        case .imageFailing(let image, let failure, _):
            let next =
                failure.reason.isPermanent
                ? "Somebody has to change something; it is tried again now and then." : "It is tried again."
            return (
                .warning, "ImageFailing",
                "\(image.name) (\(image.reference.written)) can't be pulled: \(failure.reason.rawValue). \(next)"
            )
        case .nodeDeviates(let node, let deviation):
            let what =
                deviation.isHanging
                ? "\(node.name)'s pull of \(deviation.image) doesn't end, while others pull it"
                : "\(node.name) says \(deviation.reason.rawValue) of \(deviation.image), which other nodes have"
            return (.warning, "NodeDeviates", "\(what): \(deviation.advice).")
        case .nodeWarmed:
            return (.normal, "ImagesCached", "Every listed image is on the node.")
        case .circuitOpened(let registry):
            return (
                .warning, "RegistryFailing",
                "\(registry) fails on many nodes: until it answers, it is only probed."
            )
        case .circuitClosed(let registry):
            return (.normal, "RegistryBack", "\(registry) answers again: whoever waited for it pulls now.")
        case .looping(let subject):
            return (.warning, "Looping", subject.complaint)
        }
    }
}
