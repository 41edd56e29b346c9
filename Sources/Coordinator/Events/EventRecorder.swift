import Formatting
import FoundationEssentials
import KubernetesClient
import Logging
import Shared
import Telemetry

/// Writes Events about our objects. Never in anybody's way: news wait in a short queue, and what fails is only logged.
///
/// Somebody must run ``run()``.
package final class EventRecorder: Sendable {
    private let client: KubernetesClient
    private let logger: Logger
    private let aggregator: EventAggregator
    private let instance: String
    private let queue: AsyncStream<EventNews>
    private let continuation: AsyncStream<EventNews>.Continuation

    /// News that wait; when there are more, the oldest are dropped.
    package static let queueLength = 200
    private static let maximumMessageBytes = EventDocument.maximumNoteBytes

    package init(client: KubernetesClient, logger: Logger, aggregator: EventAggregator = EventAggregator()) {
        var client = client
        client.retry.maximumAttempts = 2  // an Event isn't worth more
        self.client = client
        self.logger = logger
        self.aggregator = aggregator
        instance = Self.instance(ProcessInfo.processInfo.environment)
        (queue, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(Self.queueLength))
    }

    /// - Parameters:
    ///   - reason: one word in CamelCase.
    ///   - message: for people; cut after 1,024 bytes.
    package func record(_ kind: Event.Kind, about object: ObjectReference, reason: String, message: String) {
        // An Event about an object must not tell its versions apart.
        var object = object
        object.resourceVersion = nil
        continuation.yield(
            EventNews(about: object, kind: kind, reason: reason, message: Self.shortened(message)))
    }

    /// Writes what is recorded, until its task is cancelled.
    package func run() async {
        var aggregator = aggregator
        let start = ContinuousClock.now
        for await news in queue {
            let now = (ContinuousClock.now - start) / .seconds(1)
            do {
                try await write(news, &aggregator, now: now)
            } catch {
                guard !Task.isCancelled else { return }
                Instruments.kubernetesEvent(.failed)
                logger.info("could not write an Event", metadata: ["reason": "\(news.reason)", "error": "\(error)"])
            }
        }
    }

    private func write(_ news: EventNews, _ aggregator: inout EventAggregator, now: Double) async throws {
        switch aggregator.observe(news, now: now) {
        case .drop:
            Instruments.kubernetesEvent(.dropped)
            logger.debug("too many Events", metadata: ["reason": "\(news.reason)", "text": "\(news.message)"])
        case .create:
            try await create(news, &aggregator)
        case .update(let name, let namespace, let count):
            let patch: JSONValue = ["series": EventDocument.series(count: count, at: Date())]
            do {
                try await client.mergePatch(patch, .seriesEvents, name: name, namespace: namespace)
                Instruments.kubernetesEvent(.written)
            } catch let error as KubernetesError where error.isNotFound {
                aggregator.vanished(news)
                try await create(news, &aggregator)
            }
        }
    }

    private func create(_ news: EventNews, _ aggregator: inout EventAggregator) async throws {
        // Events about cluster-scoped objects live in this namespace.
        let namespace = news.about.namespace ?? "default"
        let suffix = String(UInt64.random(in: 0...UInt64.max), radix: 16)
        let name = "\((news.about.name ?? "image-puller").prefix(200)).\(suffix)"
        let event = EventDocument(
            name: name, namespace: namespace, news: news, instance: instance, at: Date(),
            count: aggregator.count(news))
        try await client.create(event.json, .seriesEvents, namespace: namespace)
        Instruments.kubernetesEvent(.written)
        aggregator.created(news, name: name, namespace: namespace)
    }

    /// Who writes: at most 128 bytes.
    static func instance(_ environment: [String: String]) -> String {
        let name = environment["POD_NAME"].flatMap { $0.isEmpty ? nil : $0 } ?? environment["HOSTNAME"] ?? ""
        return name.isEmpty ? "coordinator" : String(name.prefix(128))
    }

    static func shortened(_ message: String) -> String {
        guard message.utf8.count > maximumMessageBytes else { return message }
        // The sign takes three bytes.
        return message.cut(toUTF8Bytes: maximumMessageBytes - 3) + "…"
    }
}
