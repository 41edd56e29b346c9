import ConfigurationParsing
import FoundationEssentials
import ImageSets
import KubernetesClient
import Logging
import Planning
import Shared

/// Asks why nodes have no pod: the DaemonSet controller says so in Events about the DaemonSet alone.
///
/// Events are listed only while nodes have none.
package struct PodCreationWatch: Sendable {
    private let client: KubernetesClient
    private let loop: ControlLoop
    private let logger: Logger
    private let interval: Duration
    private let set: String

    /// The controller tries again after at most 1,000 s (`pkg/controller/daemon`, its back-off), and says so each time.
    private static let counts = 1200.0

    package init(
        client: KubernetesClient, loop: ControlLoop, logger: Logger, set: String = ImageSet.defaultName,
        interval: Duration = Duration.seconds(10)
    ) {
        self.set = set
        self.client = client
        self.loop = loop
        self.logger = logger
        self.interval = interval
    }

    /// Works until cancelled, or until it isn't allowed to.
    package func run() async {
        // A pod that was just deleted is made again at once.
        var wasBare = false
        while !Task.isCancelled {
            let place = await loop.placeWithoutPods(of: set)
            do {
                var words: String?
                if let place, wasBare { words = try await failure(of: place) }
                await loop.note(creationFailure: words, of: set)
            } catch let error as KubernetesError where error.status == 403 {
                logger.notice(
                    "Events can't be listed, so why nodes have no pod isn't known", metadata: ["error": "\(error)"])
                return
            } catch {
                logger.info("can't list Events; it is tried again", metadata: ["error": "\(error)"])
            }
            wasBare = place != nil
            try? await Task.sleep(for: interval)
        }
    }

    /// The newest words of the controller about its failures.
    private func failure(of place: PodSource) async throws -> String? {
        let selector = "involvedObject.kind=DaemonSet,involvedObject.name=\(place.daemonSet),reason=FailedCreate"
        let events = try await client.list(Event.self, Selection(namespace: place.namespace, fieldSelector: selector))
        let since = KubernetesTime(Date(timeIntervalSinceNow: -Self.counts))
        let newest = events.items.filter { ($0.lastTimestamp ?? since) > since }
            .max { ($0.lastTimestamp ?? since) < ($1.lastTimestamp ?? since) }
        return newest?.message?.cleaned(maximumBytes: ReportLimits.message)
    }
}
