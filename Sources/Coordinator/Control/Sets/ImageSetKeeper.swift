import ConfigurationParsing
import Events
import Formatting
import ImageSets
import KubernetesClient
import Leadership
import Logging
import Manifests
import Planning
import Shared

/// Keeps all image sets that are held: that of the main ConfigMap, and those of ConfigMaps with the label `image-puller/set`.
///
/// Each has keepers of its own, so that what is wrong with one concerns no other. What is in force is put in force for all of
/// them together, as all take the cluster's keys from the main one.
package actor ImageSetKeeper {
    private let parts: KeeperParts
    private let main: String
    private let board: ConfigurationBoard

    private var mainKeeper: SetKeeper?
    private var inForce: (configuration: Configuration, revision: Int)?
    /// By ConfigMap: all with the label.
    private var maps: [String: ConfigMap] = [:]
    private var isSynced = false
    /// By set, and the oldest first.
    private var works: [String: Work] = [:]
    private var order: [String] = []
    private var claims = DaemonSetClaims()
    /// What was told of ConfigMaps whose label is no good.
    private var told: [String: Finding] = [:]
    /// The last of those that put sets in force, one after the other.
    private var publishing: Task<Void, Never>?
    private var published: (configuration: Configuration, revision: Int)?
    /// The main ConfigMap has had its say on its DaemonSet's name, which sets come after.
    private let mainHasClaimed = Promise<Void>()
    /// The sets that there are have been judged once, so that what they want isn't given up when a coordinator begins.
    private let haveSettled = Promise<Void>()
    private let sweeps: AsyncStream<Void>
    private let sweep: AsyncStream<Void>.Continuation

    /// Each waits so long for the other, in case something is wrong with that.
    private static let patience = Duration.seconds(5)

    /// A set that is kept.
    private struct Work {
        var keeper: SetKeeper
        var task: Task<Void, Never>
        /// Not as it may be: with its own words for what is the cluster's affair.
        var accepted: (configuration: Configuration, revision: Int)?
        /// `metadata.resourceVersion` of what was judged last.
        var judged: String?
        /// Another set has the DaemonSet that it names.
        var isTaken = false
    }

    /// - Parameter main: the name of the main ConfigMap.
    package init(parts: KeeperParts, main: String, board: ConfigurationBoard) {
        self.parts = parts
        self.main = main
        self.board = board
        (sweeps, sweep) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Works until cancelled.
    package func run() async {
        let keeper = SetKeeper(ImageSet.defaultName, configMap: main, board: board, parts: parts) { [self] in
            await claim($0, for: ImageSet.defaultName)
        } adopt: { [self] in
            await adoptMain($0, revision: $1)
        }
        mainKeeper = keeper
        await withTaskGroup { group in
            group.addTask { await keeper.run() }
            group.addTask { await keeper.configuration.run() }
            group.addTask { await self.follow() }
            group.addTask { await self.sweepWhenDue() }
        }
        for work in works.values { work.task.cancel() }
    }

    /// Something else than the configurations has changed what DaemonSets are to be.
    package func lookAgain() async {
        await mainKeeper?.daemonSet.lookAgain()
        for work in works.values { await work.keeper.daemonSet.lookAgain() }
    }

    // MARK: Which sets there are

    private func follow() async {
        let selection = Selection(namespace: parts.namespace, labelSelector: PodNames.setLabel)
        let maps = Reflector(ConfigMap.self, client: parts.client, selection: selection) { [logger = parts.logger] in
            guard let trouble = $0, trouble.failures == 1 else { return }
            logger.warning(
                "image sets can't be followed, those in force stay so, and it is tried again",
                metadata: ["error": "\(trouble.error)"])
        }
        for await event in maps {
            switch event {
            case .synced(let maps):
                isSynced = true
                self.maps = Dictionary(maps.map { ($0.metadata.name, $0) }, uniquingKeysWith: { _, last in last })
                // Of sets that went while no coordinator watched nothing else tells.
                sweep.yield()
            case .added(let map), .modified(let map): self.maps[map.metadata.name] = map
            case .deleted(let map): self.maps[map.metadata.name] = nil
            }
            await wait(for: mainHasClaimed)
            await settle()
            await haveSettled.fulfil(())
        }
    }

    /// Begins to keep sets that came, and ends it for those that went. Of two ConfigMaps with one name the older counts.
    private func settle() async {
        var chosen: [String: ConfigMap] = [:]
        var names: [String] = []
        var boards: [ConfigurationBoard] = []
        var faults: [String: Finding] = [:]
        for map in maps.values.sorted(by: Self.isOlder) where map.metadata.name != main {
            let name = map.metadata.labels[PodNames.setLabel] ?? ""
            let taken = chosen[name].map { ImageSetName.taken(name, by: $0.metadata.name) }
            if let fault = ImageSetName.fault(name) ?? taken {
                faults[map.metadata.name] = fault
                tell(fault, about: map)
                boards.append(Self.board(name, map, fault))
                continue
            }
            chosen[name] = map
            names.append(name)
        }
        told = faults
        for (name, work) in works where chosen[name]?.metadata.name != work.keeper.configMap {
            await end(name, isReplaced: chosen[name] != nil)
        }
        order = names
        for name in names where works[name] == nil {
            guard let map = chosen[name] else { continue }
            await begin(name, map)
        }
        board.post(sets: names.compactMap { works[$0]?.keeper.board } + boards)
        for name in names {
            guard let map = chosen[name], works[name]?.judged != map.metadata.resourceVersion else { continue }
            works[name]?.judged = map.metadata.resourceVersion
            await works[name]?.keeper.configuration.consider(map)
        }
    }

    private static func isOlder(_ one: ConfigMap, _ other: ConfigMap) -> Bool {
        let (first, second) = (one.metadata.creationTimestamp, other.metadata.creationTimestamp)
        if let first, let second, first != second { return first < second }
        return one.metadata.name < other.metadata.name
    }

    private static func board(_ set: String, _ map: ConfigMap, _ fault: Finding) -> ConfigurationBoard {
        let place = "\(map.metadata.namespace ?? "")/\(map.metadata.name)"
        let board = ConfigurationBoard(configMap: place, imageSet: set.cleaned(maximumBytes: 63))
        var status = board.status
        status.findings = [ConfigurationStatus.Remark(fault)]
        status.resourceVersion = map.metadata.resourceVersion
        board.post(status)
        return board
    }

    private func tell(_ fault: Finding, about map: ConfigMap) {
        guard told[map.metadata.name] != fault else { return }
        parts.logger.error("\(fault)", metadata: ["configMap": "\(parts.namespace)/\(map.metadata.name)"])
        parts.events.record(
            .warning, about: ObjectReference(map), reason: "ConfigurationRejected", message: fault.description)
    }

    private func begin(_ set: String, _ map: ConfigMap) async {
        let name = map.metadata.name
        let board = ConfigurationBoard(configMap: "\(parts.namespace)/\(name)", imageSet: set)
        let keeper = SetKeeper(set, configMap: name, board: board, parts: parts) { [self] in
            await claim($0, for: set)
        } adopt: { [self] in
            await adopt($0, revision: $1, for: set)
        }
        parts.logger.notice("an image set came", metadata: ["imageSet": "\(set)", "configMap": "\(name)"])
        let task = Task {
            await withTaskGroup { group in
                group.addTask { await keeper.run() }
                group.addTask { await keeper.configuration.keepStored() }
            }
        }
        works[set] = Work(keeper: keeper, task: task)
        await keeper.configuration.restore()
    }

    /// - Parameter isReplaced: another ConfigMap stands for the set from now on: nothing is released.
    private func end(_ set: String, isReplaced: Bool) async {
        guard let work = works.removeValue(forKey: set) else { return }
        parts.logger.notice(
            "an image set went", metadata: ["imageSet": "\(set)", "configMap": "\(work.keeper.configMap)"])
        work.task.cancel()
        // What it was about to write must not come after the release.
        await work.task.value
        claims.release(set)
        order.removeAll { $0 == set }
        if isReplaced { return }
        await publish()
        sweep.yield()
        await reconsider()
    }

    // MARK: What is in force

    private func claim(_ configuration: Configuration, for set: String) async -> Finding? {
        let place = DaemonSetClaims.Place(configuration)
        let owner = claims.owner(of: place, otherThan: set)
        works[set]?.isTaken = owner != nil
        if owner == nil { claims.claim(place, for: set) }
        if set == ImageSet.defaultName { await mainHasClaimed.fulfil(()) }
        return owner.map(place.taken)
    }

    private func wait(for promise: Promise<Void>) async {
        await withTaskGroup { group in
            group.addTask { try? await promise.value }
            group.addTask { try? await Task.sleep(for: Self.patience) }
            await group.next()
            group.cancelAll()
        }
    }

    /// A DaemonSet's name may be free by now for sets that had to wait for it.
    private func reconsider() async {
        for name in order where works[name]?.isTaken == true {
            guard let keeper = works[name]?.keeper, let map = maps[keeper.configMap] else { continue }
            await keeper.configuration.consider(map)
        }
    }

    private func adoptMain(_ configuration: Configuration, revision: Int) async {
        inForce = (configuration, revision)
        await publish()
        await reconsider()
    }

    private func adopt(_ configuration: Configuration, revision: Int, for set: String) async {
        works[set]?.accepted = (configuration, revision)
        // The first time the main one brings it along.
        if published != nil { await publish() }
    }

    /// Puts in force what is accepted by now; what was begun before comes before.
    private func publish() async {
        let former = publishing
        let task = Task {
            await former?.value
            await publishNow()
        }
        publishing = task
        await task.value
    }

    private func publishNow() async {
        // Sets wait for the main one, which says how much at once, and by which agent.
        if published == nil { await wait(for: haveSettled) }
        guard let inForce else { return }
        let accepted = order.compactMap { name in
            works[name].flatMap { work in work.accepted.map { (name, work.keeper, $0.configuration, $0.revision) } }
        }
        let held = accepted.map { ImageSet(name: $0.0, own: $0.2, main: inForce.configuration) }
        if let published, published == inForce {
            await parts.loop.use(held: held)
        } else {
            published = inForce
            await parts.loop.adopt(inForce.configuration, revision: inForce.revision, held: held)
            await mainKeeper?.daemonSet.want(inForce.configuration, revision: inForce.revision)
        }
        for (set, (_, keeper, _, revision)) in zip(held, accepted) {
            guard let configuration = set.configuration else { continue }
            await keeper.daemonSet.want(configuration, revision: revision)
        }
    }

    // MARK: Release

    /// Deletes the DaemonSets of sets that are no more, of those too that went while no coordinator ran.
    private func sweepWhenDue() async {
        for await _ in sweeps {
            var pause = Duration.seconds(1)
            while !Task.isCancelled {
                do {
                    for namespace in parts.namespaces { try await sweep(namespace) }
                    break
                } catch {
                    parts.logger.warning(
                        "can't look for DaemonSets of image sets that are gone, it is tried again",
                        metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(60))
            }
        }
    }

    private func sweep(_ namespace: String) async throws {
        let ours = try await parts.client.ownDaemonSets(in: namespace)
        // What a list that failed doesn't tell of is there all the same.
        guard isSynced else { return }
        // Whether a ConfigMap that is there is any good is another question: its set keeps what it has.
        let names = Set(maps.values.compactMap { $0.metadata.labels[PodNames.setLabel] })
        let former = ours.filter { daemonSet in
            daemonSet.metadata.labels[PodNames.setLabel].map { !names.contains($0) } ?? false
        }
        for old in former {
            parts.logger.notice(
                "deleting the DaemonSet of an image set that is gone",
                metadata: ["daemonSet": "\(namespace)/\(old.metadata.name)"])
            do {
                try await parts.client.delete(own: old, in: namespace)
            } catch let error as KubernetesError where error.isNotFound {
                continue
            }
        }
        if !former.isEmpty, former.count == ours.count, namespace != parts.namespace {
            try await parts.surroundings.leave(namespace)
        }
    }
}
