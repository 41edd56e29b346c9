import Certificates
import Cluster
import ConfigurationParsing
import Events
import Formatting
import ImageSets
import KubernetesClient
import Logging
import Manifests
import Planning
import Shared
import Supervision

/// Creates the DaemonSet of the configuration in force and keeps it as it should be.
///
/// Deleted or edited by hand, it is restored at once; somebody who does that again and again (another puller that
/// still runs) is reported and not fought. It's never deleted to refresh anything.
///
/// Whatever happens only asks for another look: one task looks and writes, so that what an older configuration
/// wants is never written after what a newer one does.
package actor DaemonSetKeeper {
    private struct Wanted {
        var configuration: Configuration
        var revision: Int

        var place: PodSource { PodSource(namespace: configuration.namespace, daemonSet: configuration.daemonSetName) }
    }

    /// The image set whose DaemonSet it is.
    let set: String
    let client: KubernetesClient
    let loop: ControlLoop
    let logger: Logger
    /// Where DaemonSets of ours can be: the coordinator's own namespace and those granted to it.
    let namespaces: [String]
    private var options: ManifestOptions
    private let configMap: ObjectReference
    private let ownNamespace: String?
    let surroundings: any AgentSurroundings
    private let events: EventRecorder

    private var wanted: Wanted?
    /// What was applied last, or found applied.
    private var applied: DaemonSetManifest?
    /// Whether the API server takes pods of a template, as it said last.
    private var admission: (template: String, refusal: String?)?
    /// It is asked anew now and then: policies change without our knowing.
    private var isAdmissionOld = false
    private var restorations = RestorationPace()
    /// What admission makes of ``applied``, and of which of it was told.
    private var admitted = AdmittedChanges()
    private var toldAdmitted: Set<String> = []
    /// A contested DaemonSet isn't restored before.
    private var restoreAt: ContinuousClock.Instant?
    /// Whether the DaemonSet that an earlier run left has been looked at.
    private var hasRecalled = false
    private var takeovers = 0
    private var failures = 0
    private var checkedAt = ContinuousClock.now
    private var later: Task<Void, Never>?
    private let looks: AsyncStream<Void>
    private let look: AsyncStream<Void>.Continuation

    package init(
        client: KubernetesClient, set: String = ImageSet.defaultName, options: ManifestOptions,
        configMap: ObjectReference, ownNamespace: String? = nil, namespaces: [String],
        surroundings: any AgentSurroundings, events: EventRecorder,
        logger: Logger, loop: ControlLoop
    ) {
        self.client = client
        self.set = set
        self.options = options
        self.options.imageSet = set == ImageSet.defaultName ? nil : set
        self.configMap = configMap
        self.ownNamespace = ownNamespace ?? configMap.namespace
        self.namespaces = namespaces
        self.surroundings = surroundings
        self.events = events
        self.logger = logger
        self.loop = loop
        (looks, look) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// A revision came into force.
    package func want(_ configuration: Configuration, revision: Int) {
        wanted = Wanted(configuration: configuration, revision: revision)
        look.yield()
    }

    /// Works until cancelled: each place gets watches of its own, so that a new name or namespace needs nothing else.
    package func run() async {
        var following: Task<Void, Never>?
        var place: PodSource?
        for await _ in looks {
            guard let wanted else { continue }
            if wanted.place != place {
                following?.cancel()
                place = wanted.place
                applied = nil
                await loop.follow(wanted.place, for: set)
                following = Task { [place = wanted.place] in await follow(place) }
            }
            await ensure(wanted)
        }
        following?.cancel()
        later?.cancel()
    }

    private func follow(_ place: PodSource) async {
        await withTaskGroup { group in
            group.addTask { await self.watchDaemonSet(place) }
            group.addTask {
                await ClusterWatcher(client: self.client, loop: self.loop, logger: self.logger).followPods(of: place)
            }
            group.addTask {
                await ClusterWatcher(client: self.client, loop: self.loop, logger: self.logger).followPullPods(
                    of: place)
            }
            group.addTask { await self.checkAtIntervals() }
            group.addTask { await self.retire(otherThan: place) }
        }
    }

    // MARK: Reasons to look

    private func watchDaemonSet(_ place: PodSource) async {
        let selection = Selection(namespace: place.namespace, fieldSelector: "metadata.name=\(place.daemonSet)")
        for await event in Reflector(DaemonSet.self, client: client, selection: selection) {
            switch event {
            case .synced(let live): compare(live.first)
            case .added(let live), .modified(let live): compare(live)
            case .deleted: compare(nil)
            }
        }
    }

    private func compare(_ live: DaemonSet?) {
        if let live, let applied, admitted.cover(DaemonSetDrift(live: live.document, manifest: applied)) { return }
        look.yield()
    }

    /// Watches tell of every change; this is for those that they could miss.
    private func checkAtIntervals() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(20))
            let hours = wanted?.configuration.cachingIntervalHours ?? 1
            if checkedAt.duration(to: .now) >= .seconds(hours * 3600) {
                isAdmissionOld = true
                look.yield()
            }
        }
    }

    private func lookAgain(after pause: Duration) {
        later?.cancel()
        later = Task { [look] in
            try? await Task.sleep(for: pause)
            if !Task.isCancelled { look.yield() }
        }
    }

    // MARK: The DaemonSet

    /// Makes the DaemonSet as it should be; what fails is tried again later, and at once when something else is wanted.
    private func ensure(_ wanted: Wanted) async {
        checkedAt = .now
        do {
            try await apply(wanted)
            failures = 0
        } catch let error as ManifestError {
            // Only an edit can put that right.
            report(.warning, "DaemonSetImpossible", "no DaemonSet can be made: \(error)")
        } catch {
            guard !Task.isCancelled else { return }
            report(.warning, "DaemonSetFailed", "the DaemonSet can't be applied, it is tried again: \(error)")
            failures += 1
            lookAgain(after: min(.seconds(1 << min(failures - 1, 6)), .seconds(60)))
        }
    }

    private func apply(_ wanted: Wanted) async throws {
        let live = try await client.find(
            DaemonSet.self, wanted.place.daemonSet, namespace: wanted.place.namespace)
        if !hasRecalled {
            hasRecalled = true
            // One trial is for all sets.
            if let live, set == ImageSet.defaultName { await recall(live) }
        }
        let pinned = await loop.pinnedNodes(of: set)
        // While nobody knows the nodes, those that have pods keep them.
        guard pinned != nil || wanted.configuration.nodeCount == nil else { return lookAgain(after: .seconds(1)) }
        let manifest = try manifest(
            of: wanted, proven: await loop.agentImageTrial.proven, image: await loop.agentImage(of: set), pinned: pinned
        )
        try await surroundings.prepare(in: manifest.namespace)
        // One that is being deleted takes no changes; its end is the next reason to look.
        if let live, live.metadata.deletionTimestamp != nil { return }
        let drift = live.map { DaemonSetDrift(live: $0.document, manifest: manifest) }
        if let drift, manifest == applied ? admitted.cover(drift) : drift.isNone {
            return try await settle(manifest, live?.document)
        }
        if manifest == applied, !mayRestore(manifest, drift) { return }
        if let live, drift?.selectorDiffers == true { try await takeOver(live, manifest) }
        let answer = try await write(manifest, removal: drift?.selectorDiffers == true ? nil : drift?.removal)
        admitted = AdmittedChanges(answer: answer, to: manifest)
        tellAdmitted(manifest)
        try await settle(manifest, answer)
    }

    /// What we applied before and leave out now goes away by applying; what is left then is foreign. The other way round a
    /// list whose names are all new would leave no container for a moment, which the API server refuses.
    ///
    /// - Returns: the API server's answer: what still differs in it, admission has made so.
    private func write(_ manifest: DaemonSetManifest, removal: JSONValue?) async throws -> JSONValue {
        let (name, namespace) = (manifest.name, manifest.namespace)
        let result: JSONValue
        do {
            result = try await client.apply(manifest.document, .daemonSets, name: name, namespace: namespace)
        } catch let error as KubernetesError where error.isInvalid {
            // What is foreign can refer to what is no more.
            guard let removal else { throw error }
            try await client.mergePatch(removal, .daemonSets, name: name, namespace: namespace)
            result = try await client.apply(manifest.document, .daemonSets, name: name, namespace: namespace)
        }
        guard let rest = DaemonSetDrift(live: result, manifest: manifest).removal else { return result }
        return try await client.mergePatch(rest, .daemonSets, name: name, namespace: namespace)
    }

    /// Pods are replaced when it is known, as far as we may ask, that the API server takes their successors.
    ///
    /// - Parameter live: the DaemonSet as the API server has it.
    private func settle(_ manifest: DaemonSetManifest, _ live: JSONValue?) async throws {
        applied = manifest
        restoreAt = nil
        if let live {
            let pairs = manifest.images(asIn: live["spec"]?["template"]?["spec"])
            await loop.noteAdmitted(pairs, isWhole: false, of: set)
        }
        if isAdmissionOld || admission?.template != manifest.templateHash || admission?.refusal != nil {
            let (refusal, pod) = try await admission(of: manifest, live)
            if let pod { await loop.noteAdmitted(manifest.images(asIn: pod["spec"]), isWhole: true, of: set) }
            if let refusal, refusal != admission?.refusal {
                report(
                    .warning, "PodsForbidden",
                    "no pod of the new template is admitted, so all nodes keep the pods that they have: \(refusal). "
                        + "Change the ConfigMap, or what forbids it; it is asked again every 30 s.")
            }
            admission = (manifest.templateHash, refusal)
            isAdmissionOld = false
            if refusal != nil { lookAgain(after: .seconds(30)) }
        }
        let requests = manifest.requests
        await loop.useTemplate(
            manifest.templateHash, agentImage: manifest.agentImage,
            images: manifest.images.compactMapValues { try? ImageReference($0) },
            successor: Successor(
                refusal: admission?.refusal, memory: requests.memory, cpu: requests.cpu, frame: manifest.frameHash,
                containers: manifest.containers),
            addedContainer: manifest.addedContainer, of: set)
    }

    /// Why the API server takes no pod of the template, and what it makes of one; both nil: it doesn't let us ask.
    private func admission(
        of manifest: DaemonSetManifest, _ live: JSONValue?
    ) async throws -> (refusal: String?, pod: JSONValue?) {
        let owner = try await client.get(DaemonSet.self, manifest.name, namespace: manifest.namespace)
        do {
            let pod = try await client.create(
                manifest.pod(ownerUID: owner.metadata.uid ?? "", template: live?["spec"]?["template"]), .pods,
                namespace: manifest.namespace, isDryRun: true)
            return (nil, pod)
        } catch let error as KubernetesError {
            switch error.admission {
            case .refused: return (error.message, nil)
            case .unknown: return (nil, nil)
            case .later: throw error
            }
        }
    }

    /// What an earlier run left: a new image of ours that came meanwhile is tried, not just taken.
    private func recall(_ live: DaemonSet) async {
        guard live.metadata.labels[PodNames.managedByLabel] == PodNames.application else { return }
        let containers = live.spec?.template?.spec?.initContainers ?? []
        let own = containers.first { $0.name == Configuration.copySleepContainerName }
        await loop.recall(
            agentImage: own?.image, proven: live.metadata.annotations[PodNames.provenImageAnnotation])
    }

    /// Something else than the configuration has changed what is wanted.
    package func lookAgain() { look.yield() }

    /// Whether a DaemonSet that somebody changed is restored now; if not, another look is due when it may be.
    private func mayRestore(_ manifest: DaemonSetManifest, _ drift: DaemonSetDrift?) -> Bool {
        let now = ContinuousClock.now
        let paths = drift.map { $0.selectorDiffers ? [] : $0.paths.filter { !admitted.paths.contains($0) } } ?? []
        if paths.isEmpty, let restoreAt {
            if now < restoreAt {
                lookAgain(after: now.duration(to: restoreAt))
                return false
            }
        } else if let pause = restorations.pause(paths, at: now) {
            let seconds = Int(pause / .seconds(1))
            if restoreAt == nil {
                reportContest(
                    manifest,
                    paths.isEmpty
                        ? "It is restored in \(seconds) s, and less and less often."
                        : "What is changed: \(paths.prefix(5).joined(separator: ", ")). It was repaired within the last ten "
                            + "minutes, and isn't again for \(seconds) s.")
            }
            restoreAt = now + pause
            lookAgain(after: pause)
            return false
        }
        logger.notice("restoring the DaemonSet", metadata: ["daemonSet": "\(manifest.namespace)/\(manifest.name)"])
        return true
    }

    /// A selector can't be changed, so the DaemonSet of another puller is replaced, and its pods end with it.
    private func takeOver(_ live: DaemonSet, _ manifest: DaemonSetManifest) async throws {
        takeovers += 1
        logger.notice(
            "taking over a DaemonSet of another selector: it is replaced, its pods end with it",
            metadata: ["daemonSet": "\(manifest.namespace)/\(manifest.name)"])
        // Once is a migration. The Go puller makes its own anew only every CACHING_INTERVAL_HOURS.
        if takeovers > 1 { reportContest(manifest, "It was taken over \(takeovers) times.") }
        try await client.delete(
            .daemonSets, name: manifest.name, namespace: manifest.namespace,
            options: .init(uid: live.metadata.uid, propagation: .background))
    }

    private func reportContest(_ manifest: DaemonSetManifest, _ measure: String) {
        report(
            .warning, "DaemonSetContested",
            "DaemonSet \(manifest.name) is deleted or changed again and again: does another image puller still run in "
                + "namespace \(manifest.namespace), or does a policy or another controller change it? \(measure)")
    }

    /// Says once what a policy of the platform changes, and what follows.
    private func tellAdmitted(_ manifest: DaemonSetManifest) {
        let news = admitted.paths.subtracting(toldAdmitted).sorted()
        toldAdmitted = admitted.paths
        guard !news.isEmpty else { return }
        let harmful = admitted.harmful
        let consequence =
            harmful.isEmpty
            ? "That is accepted and not changed back."
            : "It isn't changed back, but \(harmful.prefix(5).joined(separator: ", ")) must be as we write it for images to be "
                + "held: exempt namespace \(manifest.namespace) from that policy."
        report(
            .warning, "AdmissionChanged",
            "an admission policy changes DaemonSet \(manifest.name) whenever it is written: "
                + "\(abridged(news, most: 10)). \(consequence)")
    }

    private func manifest(
        of wanted: Wanted, proven: String?, image: String?, pinned: [String]?
    ) throws -> DaemonSetManifest {
        var options = options
        options.provenAgentImage = proven
        options.pinnedNodes = pinned
        var configuration = wanted.configuration
        // The trial can be of a revision that is about to be wanted here, too.
        configuration.agentImage = image ?? configuration.agentImage
        // Across namespaces the garbage collector would delete the DaemonSet at once.
        if wanted.configuration.namespace != ownNamespace { options.ownerReference = nil }
        return try DaemonSetManifest(configuration, revision: wanted.revision, options: options)
    }

    private func report(_ kind: Event.Kind, _ reason: String, _ message: String) {
        logger.log(level: kind == .warning ? .warning : .notice, "\(message)")
        events.record(kind, about: configMap, reason: reason, message: message)
    }
}
