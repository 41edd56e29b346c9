import Cluster
import ConfigurationParsing
import Events
import Formatting
import History
import ImageSets
import KubernetesClient
import Logging
import Manifests
import Planning
import Shared
import Supervision

/// Says when the nodes can't do what the configuration asks for: no node is selected, none has room for the pod, or the
/// first pod of a new template doesn't work.
///
/// The status always tells how it is now. Log and Event only speak when something else is wrong than before, or after
/// an edit: in a cluster that scales by itself the numbers change all the time.
package struct ClusterFitWatch: Sendable {
    package let set: String
    package let loop: ControlLoop
    package let board: ConfigurationBoard
    package let options: ManifestOptions
    package let configMap: ObjectReference
    package let events: EventRecorder
    package let logger: Logger
    var interval = Duration.seconds(1)

    package init(
        loop: ControlLoop, board: ConfigurationBoard, options: ManifestOptions, configMap: ObjectReference,
        events: EventRecorder, logger: Logger, set: String = ImageSet.defaultName,
        interval: Duration = Duration.seconds(1)
    ) {
        self.set = set
        self.loop = loop
        self.board = board
        self.options = options
        self.configMap = configMap
        self.events = events
        self.logger = logger
        self.interval = interval
    }

    /// What concerns all sets is told of the main ConfigMap.
    private var isOfMain: Bool { self.set == ImageSet.defaultName }

    /// Works until cancelled.
    package func run() async {
        var news = ClusterFitNews()
        var stops = RollOutNews()
        var own: AgentImageTrial?
        var unheard = UnheardAgents()
        while !Task.isCancelled {
            let trouble = await loop.daemonSets[set]?.rollOutTrouble
            if let trouble, stops.isNew(trouble) { tell(trouble) }
            let stop = trouble.flatMap(Finding.init(stop:))
            let trial = await loop.agentImageTrial
            let finding = isOfMain ? trial.finding : nil
            if let finding, finding != own?.finding { tell(finding, of: trial) }
            own = trial
            if let facts = await loop.clusterNodes(for: set) {
                var findings = ClusterFit.findings(for: facts.configuration, nodes: facts.nodes, options: options)
                let configuration = facts.configuration
                if let away = await loop.podsKeptAway(of: set) {
                    findings.append(
                        away.finding(daemonSet: configuration.daemonSetName, namespace: configuration.namespace))
                }
                findings += await loop.admissionRules(of: set).map(Finding.init)
                findings = findings.map(board.named)
                let ofAll = [finding, stop.map(board.named)].compactMap { $0 }
                board.post(fit: (ofAll + findings).map(ConfigurationStatus.Remark.init))
                for finding in news.update(findings, revision: facts.revision) { tell(finding) }
            }
            if isOfMain, let facts = await loop.agentContact(),
                let count = unheard.update(running: facts.running, heard: facts.heard, at: loop.clock.now)
            {
                tellUnheard(count)
            }
            try? await Task.sleep(for: interval)
        }
    }

    private func tellUnheard(_ count: Int) {
        let place = configMap.namespace ?? ""
        let message =
            "agents run on \(counted(count, "node")), and none has ever reached the coordinator: the way from the "
            + "DaemonSet's pods to \(options.serverURL) is shut. Look for NetworkPolicies (kubectl get networkpolicies "
            + "--all-namespaces) that deny egress of the DaemonSet's pods or ingress to the coordinator's port 8443 in "
            + "namespace \(place), for cluster DNS, and for an egress firewall; an agent's log says what it meets (kubectl logs "
            + "POD --container \(Configuration.agentContainerName)). The chart's networkPolicy.egress.enabled makes the policies."
        logger.warning("\(message)")
        events.record(.warning, about: configMap, reason: "AgentsUnheard", message: message)
    }

    private func tell(_ trouble: Plan.RollOutTrouble) {
        let next =
            trouble.isFinal
            ? "No other node is tried: they keep their pods until it works, or the \(configMap.kind ?? "ConfigMap") is "
                + "changed"
            : "It is given \(Int(RollOutBook().patience)) s, then "
                + (trouble.isLastTry ? "the roll-out stops" : "another node is tried") + "; all others keep their pods"
        let message =
            "\(trouble.pod.isEmpty ? "the DaemonSet" : "pod \(trouble.pod)") on node \(trouble.node), a first one of the "
            + "new template, doesn't work: \(trouble.message). \(next); another KIP_IMAGE is taken back when it works on "
            + "none of the nodes that are tried."
        logger.warning("\(message)")
        events.record(.warning, about: configMap, reason: "RollOutStopped", message: message)
    }

    private func tell(_ finding: Finding, of trial: AgentImageTrial) {
        logger.warning("\(finding)")
        var reason = "AgentImageUnavailable"
        if case .refused = trial.trouble { reason = "AgentImageTakenBack" }
        events.record(.warning, about: configMap, reason: reason, message: finding.description)
    }

    private func tell(_ finding: Finding) {
        guard finding.severity != .info else {
            logger.notice("\(finding)")
            return events.record(.normal, about: configMap, reason: "ImagesRenamed", message: finding.description)
        }
        logger.warning("\(finding)")
        let isOfPods = finding.key.hasPrefix("DaemonSet/")
        events.record(
            .warning, about: configMap, reason: isOfPods ? "PodsKeptAway" : "ConfigurationDoesNotFit",
            message: finding.description)
    }
}

extension Finding {
    /// That nodes keep pods of an older template for good; nil: the roll-out goes on by itself.
    init?(stop trouble: Plan.RollOutTrouble) {
        guard trouble.isFinal else { return nil }
        self.init(
            severity: .error, key: "DaemonSet",
            message: trouble.node.isEmpty
                ? "no pod of the new template is admitted, so all nodes keep the pods that they have: \(trouble.message)"
                : "the first pods of the new template don't work, so the other nodes keep the pods that they have: "
                    + "\(trouble.message) (node \(trouble.node))",
            nextStep: "change the ConfigMap, or what hinders the pods; it is tried again by itself")
    }

    /// What a rule of the platform makes of images.
    init(_ rule: AdmittedImages.Rule) {
        self.init(
            severity: .info, key: ConfigurationKey.images.rawValue,
            message: "an admission policy of the platform changes \(rule.from) to \(rule.to) in our pods: of "
                + "\(abridged(rule.entries)) what is pulled, held and reported is \(rule.to)",
            nextStep:
                "none, if that is meant; kubectl get mutatingwebhookconfigurations,mutatingadmissionpolicies lists who "
                + "changes pods")
    }
}

/// Tells first pods that don't work from those that were told.
///
/// The kubelet's words change with each of its tries, and of several such pods now this one says something, now that one.
struct RollOutNews: Sendable {
    private var told: Set<[String]> = []

    mutating func isNew(_ trouble: Plan.RollOutTrouble) -> Bool {
        // Where no pod is admitted at all, the DaemonSet's keeper says so.
        guard !trouble.node.isEmpty else { return false }
        // A pod is told of twice at most, and a template has three.
        if told.count >= 100 { told = [] }
        return told.insert([trouble.node, trouble.pod, "\(trouble.isFinal)"]).inserted
    }
}

/// Tells findings that are new from those that were told.
struct ClusterFitNews: Sendable {
    private var told: Set<String> = []
    private var revision: Int?

    /// - Returns: what is to be told now.
    mutating func update(_ findings: [Finding], revision: Int) -> [Finding] {
        if revision != self.revision { told = [] }
        self.revision = revision
        // Numbers change with every node that comes and goes; a rule is another one by its words.
        func identity(_ finding: Finding) -> String { finding.severity == .info ? finding.description : finding.key }
        defer { told = Set(findings.map(identity)) }
        return findings.filter { !told.contains(identity($0)) }
    }
}

extension ClusterFit {
    /// What there is to say of a configuration on these nodes.
    static func findings(for configuration: Configuration, nodes: [NodeView], options: ManifestOptions) -> [Finding] {
        let targets = nodes.filter(configuration.scheduling.selects)
        let known = targets.compactMap(Node.init)
        // A node that doesn't tell what it has may have enough.
        guard known.count == targets.count else { return [] }
        var fit = ClusterFit()
        (fit.agentMemory, fit.agentCPU) = agentRequests(configuration, options)
        return fit.findings(for: configuration, nodes: nodes.count, targets: known)
    }

    /// As the manifest has them, so that the sums are those of the pods.
    private static func agentRequests(
        _ configuration: Configuration, _ options: ManifestOptions
    ) -> (memory: Quantity, cpu: Quantity) {
        let manifest = try? DaemonSetManifest(configuration, revision: 0, options: options)
        let containers = manifest?.document["spec"]?["template"]?["spec"]?["containers"]?.arrayValue ?? []
        let agent = containers.first { $0["name"]?.stringValue == Configuration.agentContainerName }
        func request(_ resource: String) -> Quantity {
            let text = agent?["resources"]?["requests"]?[resource]?.stringValue
            return text.flatMap { try? Quantity($0) } ?? .zero
        }
        return (request("memory"), request("cpu"))
    }
}

extension ClusterFit.Node {
    init?(_ node: NodeView) {
        guard let memory = node.allocatableMemory.flatMap({ try? Quantity($0) }),
            let cpu = node.allocatableCPU.flatMap({ try? Quantity($0) })
        else { return nil }
        self.init(name: node.name, memory: memory, cpu: cpu)
    }
}
