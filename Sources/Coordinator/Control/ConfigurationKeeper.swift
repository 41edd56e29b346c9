import Cluster
import ConfigurationParsing
import Events
import Formatting
import FoundationEssentials
import History
import ImageSets
import KubernetesClient
import Logging
import Manifests
import Planning
import Shared
import Telemetry

/// Keeps the configuration of one image set: judges each edit of its ConfigMap, and puts accepted ones in force. The main
/// ConfigMap it owns, too: creates it when there's none, and watches it.
///
/// What the user wrote is never overwritten; beside it stand a label and an annotation of ours.
package actor ConfigurationKeeper {
    /// Puts a configuration in force.
    package typealias Adopt = @Sendable (Configuration, _ revision: Int) async -> Void
    /// Asks whether the set may have the DaemonSet that a configuration names; from then on it has. Else says why not.
    package typealias Claim = @Sendable (Configuration) async -> Finding?

    let client: KubernetesClient
    private let namespace: String
    private let name: String
    let parser: ConfigurationParser
    private let manifestOptions: ManifestOptions
    let history: HistoryStore
    private let events: EventRecorder
    let clock: CoordinatorClock
    private let board: ConfigurationBoard
    let logger: Logger
    private let adopt: Adopt
    let claim: Claim

    private var accepted: Configuration?
    private var lastContent: ConfigMapContent?
    /// The revision in force as history is to keep it, and the database that has it.
    var inForce: RevisionRecord?
    var storedIn: String?
    let storingInterval: Duration
    private(set) var status: ConfigurationStatus { didSet { board.post(status) } }

    package init(
        client: KubernetesClient, namespace: String, name: String, parser: ConfigurationParser,
        manifestOptions: ManifestOptions, history: HistoryStore, events: EventRecorder, clock: CoordinatorClock,
        board: ConfigurationBoard, logger: Logger, storingInterval: Duration = .seconds(10),
        claim: @escaping Claim = { _ in nil }, adopt: @escaping Adopt
    ) {
        self.client = client
        self.namespace = namespace
        self.name = name
        self.parser = parser
        self.manifestOptions = manifestOptions
        self.history = history
        self.events = events
        self.clock = clock
        self.board = board
        self.logger = logger
        self.adopt = adopt
        self.claim = claim
        self.storingInterval = storingInterval
        status = board.status
    }

    /// Works until cancelled.
    package func run() async {
        await restore()
        await withTaskGroup { group in
            group.addTask { await self.keepStored() }
            group.addTask { await self.follow() }
        }
    }

    private func follow() async {
        let selection = Selection(namespace: namespace, fieldSelector: "metadata.name=\(name)")
        let maps = Reflector(ConfigMap.self, client: client, selection: selection) { [logger] trouble in
            guard let trouble else { return }
            logger.warning(
                "can't watch the ConfigMap; the configuration in force stays so",
                metadata: ["error": "\(trouble.error)"])
        }
        for await event in maps {
            switch event {
            case .synced(let maps):
                if let map = maps.first { await consider(map) } else { await create() }
            case .added(let map), .modified(let map): await consider(map)
            case .deleted:
                lastContent = nil  // the next one is read anew, and annotated
                await create()
            }
        }
    }

    /// There's no ConfigMap: one with the defaults, or, when somebody deleted it, with what is in force, so that a
    /// deletion releases nothing.
    private func create() async {
        let data = accepted.map { ConfigMapFormatter.data(for: $0) } ?? ConfigMapDefaults.data(parser.options)
        logger.notice(
            accepted == nil
                ? "there is no ConfigMap: creating one with defaults and without images; list yours in IMAGES"
                : "the ConfigMap was deleted: creating it anew with the configuration in force",
            metadata: ["configMap": "\(status.configMap)"])
        let document: JSONValue = [
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": [
                "name": .string(name), "namespace": .string(namespace),
                "labels": [PodNames.managedByLabel: .string(PodNames.application)],
            ],
            "data": .object(data.mapValues { .string($0) }),
        ]
        // No event tells of a ConfigMap that isn't there: it is tried until there is one.
        var pause = Duration.seconds(1)
        while !Task.isCancelled {
            do {
                try await client.create(document, .configMaps, namespace: namespace)
                return
            } catch let error as KubernetesError where error.isAlreadyExists {
                return
            } catch {
                logger.error("can't create the ConfigMap, it is tried again", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(30))
            }
        }
    }

    /// Judges the ConfigMap as it is now.
    func consider(_ map: ConfigMap) async { await consider(WrittenConfiguration(map)) }

    /// Judges what is written now.
    func consider(_ map: WrittenConfiguration) async {
        let content = map.content
        guard content != lastContent else {
            status.resourceVersion = map.metadata.resourceVersion
            return
        }
        lastContent = content
        countOn(from: map)
        var decision = await firstOrNext(content)
        if let configuration = decision.configuration, configuration != accepted, let taken = await claim(configuration)
        {
            decision = .rejected([taken] + decision.findings)
            lastContent = nil  // another set can give it up
        }
        tell(decision, about: map)
        switch decision {
        case .rejected(let findings):
            post(decision, on: map)
            await record(content, number: nil, findings: findings, configuration: nil)
        case .accepted(let configuration, let findings):
            if configuration != accepted {
                let revision = status.revision + 1
                await record(content, number: revision, findings: findings, configuration: configuration)
                await putInForce(configuration, revision: revision, at: clock.now)
            }
            // Not before it is in force: who waits for an edit looks at coverage as soon as the edit is told of.
            post(decision, on: map)
            // Others may only be read: RBAC can't tell them from any that users have.
            if parser.options.imageSet == nil { await annotate(map) }
        }
    }

    private func post(_ decision: ConfigurationDecision, on map: WrittenConfiguration) {
        var judged = status
        judged.isAccepted = decision.configuration != nil
        judged.findings = decision.findings.map(ConfigurationStatus.Remark.init)
        judged.resourceVersion = map.metadata.resourceVersion
        status = judged
    }

    /// Without history the revisions are counted on from the one that the ConfigMap says was in force.
    private func countOn(from map: WrittenConfiguration) {
        guard status.revision == 0, let text = map.metadata.annotations[PodNames.revisionAnnotation],
            let number = Int(text), (1...999_999_999).contains(number)
        else { return }
        status.revision = number
    }

    private func firstOrNext(_ content: ConfigMapContent) async -> ConfigurationDecision {
        let decision = decide(content, last: accepted)
        guard accepted == nil, case .accepted(let configuration, _) = decision,
            let former = await remembered(for: configuration)
        else { return decision }
        return decide(content, last: former)
    }

    func decide(_ content: ConfigMapContent, last: Configuration?) -> ConfigurationDecision {
        parser.decide(content, last: last) { DaemonSetManifest.templateBytes(of: $0, options: manifestOptions) }
    }

    func putInForce(_ configuration: Configuration, revision: Int, at moment: Timestamp) async {
        accepted = configuration
        status.revision = revision
        status.acceptedAt = moment.rfc3339
        await adopt(configuration, revision)
    }

    private func tell(_ decision: ConfigurationDecision, about map: WrittenConfiguration) {
        let isRejected = decision.configuration == nil
        Instruments.edit(isAccepted: !isRejected)
        logger.log(
            level: isRejected ? .error : .notice, "the \(status.kind ?? "ConfigMap") was read",
            metadata: ["configMap": "\(status.configMap)", "decision": "\(decision.summary)"])
        for finding in decision.findings {
            logger.log(level: finding.severity.logLevel, "\(finding)")
        }
        let problems = decision.findings.filter { $0.severity != .info }
        let text = ([decision.summary] + problems.map(\.description)).joined(separator: " ")
        // A Warning that is called Accepted misleads.
        let reason =
            if isRejected {
                "ConfigurationRejected"
            } else if problems.contains(where: { $0.severity == .error }) {
                "ConfigurationPartlyIneffective"
            } else {
                problems.isEmpty ? "ConfigurationAccepted" : "ConfigurationWarning"
            }
        events.record(
            problems.isEmpty ? .normal : .warning, about: map.reference, reason: reason, message: text)
    }

    /// Says on the ConfigMap itself which revision is in force, under our own field manager.
    ///
    /// By its uid: an apply creates what isn't there, and a ConfigMap deleted meanwhile would come back without data.
    /// Nothing but the annotation: the labels are of whoever made the ConfigMap. Helm refuses to upgrade and to delete one
    /// that says that somebody else manages it.
    private func annotate(_ map: WrittenConfiguration) async {
        let document: JSONValue = [
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": [
                "name": .string(name), "namespace": .string(namespace), "uid": .string(map.metadata.uid ?? ""),
                "annotations": [PodNames.revisionAnnotation: .string("\(status.revision)")],
            ],
        ]
        do {
            try await client.apply(document, .configMaps, name: name, namespace: namespace)
        } catch let error as KubernetesError where error.isConflict {
            lastContent = nil  // it was deleted, and the watch will say so
        } catch {
            logger.warning("can't annotate the ConfigMap with its revision", metadata: ["error": "\(error)"])
        }
    }
}

extension Finding.Severity {
    /// What is only to be known isn't a warning.
    var logLevel: Logger.Level {
        switch self {
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }
}
