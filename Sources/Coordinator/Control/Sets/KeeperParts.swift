import ConfigurationParsing
import Events
import History
import KubernetesClient
import Logging
import Manifests

/// What the keepers of all image sets are made of.
package struct KeeperParts: Sendable {
    package let client: KubernetesClient
    /// The coordinator's own.
    package let namespace: String
    /// Others that DaemonSets can be in.
    package let extraNamespaces: [String]
    /// The name of the main ConfigMap.
    package let main: String
    /// Whose `KubernetesImagePuller` objects are image sets, too.
    package let objects: PullerScope
    let objectTimes: PullerTimes
    package let parser: ConfigurationParser
    package let manifest: ManifestOptions
    package let surroundings: any AgentSurroundings
    package let history: HistoryStore
    package let events: EventRecorder
    package let clock: CoordinatorClock
    package let logger: Logger
    package let loop: ControlLoop

    package init(
        client: KubernetesClient, namespace: String, extraNamespaces: [String], main: String,
        objects: PullerScope = .nobodys, objectTimes: PullerTimes = PullerTimes(), parser: ConfigurationParser,
        manifest: ManifestOptions, surroundings: any AgentSurroundings, history: HistoryStore, events: EventRecorder,
        clock: CoordinatorClock, logger: Logger, loop: ControlLoop
    ) {
        self.client = client
        self.namespace = namespace
        self.extraNamespaces = extraNamespaces
        self.main = main
        self.objects = objects
        self.objectTimes = objectTimes
        self.parser = parser
        self.manifest = manifest
        self.surroundings = surroundings
        self.history = history
        self.events = events
        self.clock = clock
        self.logger = logger
        self.loop = loop
    }

    /// Where DaemonSets of ours can be, but for those of objects.
    var namespaces: [String] { [namespace] + extraNamespaces }

    func reference(_ configMap: String) -> ObjectReference {
        ObjectReference(apiVersion: "v1", kind: "ConfigMap", namespace: namespace, name: configMap)
    }
}
