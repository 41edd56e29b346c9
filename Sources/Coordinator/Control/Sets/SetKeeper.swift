import ConfigurationParsing
import ImageSets
import KubernetesClient
import Planning

/// The keepers of one image set: of its configuration, of its DaemonSet, and those that watch how that does.
struct SetKeeper: Sendable {
    let set: String
    let configMap: String
    let configuration: ConfigurationKeeper
    let daemonSet: DaemonSetKeeper
    let board: ConfigurationBoard
    private let fit: ClusterFitWatch
    private let creation: PodCreationWatch

    /// - Parameter configMap: its name.
    init(
        _ set: String, configMap: String, board: ConfigurationBoard, parts: KeeperParts,
        claim: @escaping ConfigurationKeeper.Claim, adopt: @escaping ConfigurationKeeper.Adopt
    ) {
        self.set = set
        self.configMap = configMap
        self.board = board
        let reference = parts.reference(configMap)
        var parser = parts.parser
        parser.options.imageSet = set == ImageSet.defaultName ? nil : set
        configuration = ConfigurationKeeper(
            client: parts.client, namespace: parts.namespace, name: configMap, parser: parser,
            manifestOptions: parts.manifest, history: parts.history, events: parts.events, clock: parts.clock,
            board: board, logger: parts.logger, claim: claim, adopt: adopt)
        daemonSet = DaemonSetKeeper(
            client: parts.client, set: set, options: parts.manifest, configMap: reference,
            namespaces: parts.namespaces, surroundings: parts.surroundings, events: parts.events,
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
