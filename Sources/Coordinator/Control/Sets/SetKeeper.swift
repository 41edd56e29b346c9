import ConfigurationParsing
import ImageSets
import KubernetesClient
import Manifests
import Planning

/// The keepers of one image set: of its configuration, of its DaemonSet, and those that watch how that does.
struct SetKeeper: Sendable {
    let set: String
    let configuration: ConfigurationKeeper
    let daemonSet: DaemonSetKeeper
    let board: ConfigurationBoard
    private let fit: ClusterFitWatch
    private let creation: PodCreationWatch

    /// - Parameters:
    ///   - origin: what it comes from; nil: the main ConfigMap.
    init(
        _ set: String, origin: SetOrigin?, board: ConfigurationBoard, parts: KeeperParts,
        claim: @escaping ConfigurationKeeper.Claim, adopt: @escaping ConfigurationKeeper.Adopt
    ) {
        self.set = set
        self.board = board
        let reference = origin?.reference ?? parts.reference(parts.main)
        var parser = parts.parser
        // The keeper of objects says in which namespace the DaemonSet can be made.
        if let origin, origin.key.kind == .puller { parser.options.extraNamespaces.insert(origin.key.namespace) }
        let namespaces = (origin?.namespaces ?? []).filter { !parts.namespaces.contains($0) }
        parser.options.imageSet = set == ImageSet.defaultName ? nil : set
        configuration = ConfigurationKeeper(
            client: parts.client, namespace: parts.namespace, name: origin?.key.name ?? parts.main, parser: parser,
            manifestOptions: parts.manifest, history: parts.history, events: parts.events, clock: parts.clock,
            board: board, logger: parts.logger, claim: claim, adopt: adopt)
        var options = parts.manifest
        options.object = origin?.mark
        daemonSet = DaemonSetKeeper(
            client: parts.client, set: set, options: options, configMap: reference, ownNamespace: parts.namespace,
            namespaces: parts.namespaces + namespaces, surroundings: parts.surroundings, events: parts.events,
            logger: parts.logger, loop: parts.loop)
        fit = ClusterFitWatch(
            loop: parts.loop, board: board, options: parts.manifest, configMap: reference, events: parts.events,
            logger: parts.logger, set: set)
        creation = PodCreationWatch(client: parts.client, loop: parts.loop, logger: parts.logger, set: set)
    }

    /// All but the configuration, until cancelled.
    func run() async {
        await withTaskGroup { group in
            group.addTask { await fit.run() }
            group.addTask { await creation.run() }
            group.addTask { await daemonSet.run() }
        }
    }
}
