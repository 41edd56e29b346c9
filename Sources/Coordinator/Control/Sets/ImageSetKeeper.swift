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

/// Keeps all image sets that are held: that of the main ConfigMap, those of ConfigMaps with the label `image-puller/set`, and
/// those of `KubernetesImagePuller` objects.
///
/// Each has keepers of its own, so that what is wrong with one concerns no other. What is in force is put in force for all of
/// them together, as all take the cluster's keys from the main one.
package actor ImageSetKeeper {
    private let parts: KeeperParts
    private let board: ConfigurationBoard

    private var mainKeeper: SetKeeper?
    private var inForce: (configuration: Configuration, revision: Int)?
    /// By ConfigMap: all with the label.
    private var maps: [String: ConfigMap] = [:]
    private var isSynced = false
    private var pullers: PullerKeeper?
    private var objects: PullerKeeper.Report?
    private var statuses: PullerStatusKeeper?
    /// By set, and the oldest first.
    private var works: [String: Work] = [:]
    private var order: [String] = []
    private var claims = DaemonSetClaims()
    /// What was told of ConfigMaps and objects that have no effect.
    private var told: [SetOrigin.Key: Finding] = [:]
    /// The last of those that go through all sets, one after the other.
    private var settling = TaskQueue()
    /// The last of those that put sets in force, one after the other.
    private var publishing = TaskQueue()
    private var published: (configuration: Configuration, revision: Int)?
    /// The main ConfigMap has had its say on its DaemonSet's name, which sets come after.
    private let mainHasClaimed = Promise<Void>()
    /// The sets that there are have been judged once, so that what they want isn't given up when a coordinator begins.
    private let haveSettled = Promise<Void>()
    private var hasSettledMaps = false
    private let sweeps: AsyncStream<Void>
    private let sweep: AsyncStream<Void>.Continuation

    /// Each waits so long for the other, in case something is wrong with that.
    private static let patience = Duration.seconds(5)

    /// A set that is kept.
    private struct Work {
        var origin: SetOrigin.Key
        var keeper: SetKeeper
        var task: Task<Void, Never>
        /// Not as it may be: with its own words for what is the cluster's affair.
        var accepted: (configuration: Configuration, revision: Int)?
        /// What was judged last.
        var judged: WrittenConfiguration?
        /// Another set has the DaemonSet that it names.
        var isTaken = false
    }

    package init(parts: KeeperParts, board: ConfigurationBoard) {
        self.parts = parts
        self.board = board
        (sweeps, sweep) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Works until cancelled.
    package func run() async {
        let keeper = SetKeeper(ImageSet.defaultName, origin: nil, board: board, parts: parts) { [self] in
            await claim($0, for: ImageSet.defaultName)
        } adopt: { [self] in
            await adoptMain($0, revision: $1)
        }
        mainKeeper = keeper
        let pullers = parts.objects == .nobodys ? nil : PullerKeeper(parts: parts) { [self] in await use($0) }
        self.pullers = pullers
        let statuses = pullers.map { pullers in
            PullerStatusKeeper(client: parts.client, clock: parts.clock, logger: parts.logger) { [self] in
                await facts(of: pullers)
            } fields: {
                await pullers.statusFields
            }
        }
        self.statuses = statuses
        await withTaskGroup { group in
            group.addTask { await keeper.run() }
            group.addTask { await keeper.configuration.run() }
            group.addTask { await self.follow() }
            group.addTask { await self.sweepWhenDue() }
            if let pullers { group.addTask { await pullers.run() } }
            if let statuses { group.addTask { await statuses.run() } }
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
            hasSettledMaps = true
            await noteSettled()
        }
    }

    /// What is known of `KubernetesImagePuller` objects.
    private func use(_ report: PullerKeeper.Report) async {
        let wasComplete = objects?.isComplete ?? false
        objects = report
        if report.isComplete, !wasComplete { sweep.yield() }
        await wait(for: mainHasClaimed)
        await settle()
        await noteSettled()
    }

    private func noteSettled() async {
        guard hasSettledMaps, parts.objects == .nobodys || objects?.isComplete == true else { return }
        await haveSettled.fulfil(())
    }

    private func settle() async {
        await settling.add { await self.settleNow() }.value
    }

    /// Begins to keep sets that came, and ends it for those that went. Of two with one name the older counts.
    private func settleNow() async {
        var chosen: [String: SetOrigin] = [:]
        var names: [String] = []
        var boards: [ConfigurationBoard] = []
        var faults: [SetOrigin.Key: Finding] = [:]
        for origin in origins.sorted(by: { $0.isOlder(than: $1) }) {
            let isLabelled = origin.key.kind == .configMap
            let taken = chosen[origin.set].map {
                ImageSetName.taken(origin.set, by: $0.key.title, isOfLabel: isLabelled)
            }
            let nameFault = isLabelled ? ImageSetName.fault(origin.set) : nil
            let fault = nameFault ?? taken ?? origin.obstacle
            if let fault {
                faults[origin.key] = fault
                tell(fault, about: origin)
            }
            // What runs already goes on as it is.
            if let fault, fault != origin.obstacle || works[origin.set]?.origin != origin.key {
                boards.append(Self.board(origin, fault))
                continue
            }
            chosen[origin.set] = origin
            names.append(origin.set)
        }
        told = faults
        for (name, work) in works where chosen[name]?.key != work.origin {
            await end(name, isReplaced: chosen[name] != nil)
        }
        order = names
        for name in names where works[name] == nil {
            guard let origin = chosen[name] else { continue }
            await begin(origin)
        }
        board.post(sets: names.compactMap { works[$0]?.keeper.board } + boards)
        for name in names {
            guard let origin = chosen[name], let keeper = works[name]?.keeper else { continue }
            if let written = origin.written { keeper.board.post(fields: written.content.fields) }
            keeper.board.post(
                object: [origin.obstacle, origin.absence].compactMap(\.self).map(ConfigurationStatus.Remark.init))
            guard origin.obstacle == nil, let written = origin.written, works[name]?.judged?.isSame(as: written) != true
            else { continue }
            await keeper.configuration.consider(written)
            works[name]?.judged = written
        }
        statuses?.lookAgain()
    }

    /// What there is to say of the objects that are there.
    private func facts(of pullers: PullerKeeper) async -> [PullerStatus.Facts] {
        let present = await pullers.present
        let progress = await parts.loop.progress(of: Set(works.keys)) ?? [:]
        let ofOrigins = Dictionary(
            works.values.map { ($0.origin, $0) }, uniquingKeysWith: { first, _ in first })
        return present.map { object in
            let name = PullerObjects.Name(object)
            let key = SetOrigin.Key(kind: .puller, namespace: name.namespace, name: name.name)
            let work = ofOrigins[key]
            var facts = PullerStatus.Facts(
                object: object, configuration: work?.keeper.board.status, judged: work?.judged?.metadata.generation,
                progress: work.flatMap { progress[$0.keeper.set] })
            if let finding = told[key] {
                let isOthers = objects?.origins.first { $0.key == key }?.obstacle == finding
                facts.obstacle = (isOthers ? "OtherOperatorActs" : "NameTaken", finding)
            }
            return facts
        }
    }

    private var origins: [SetOrigin] {
        maps.values.filter { $0.metadata.name != parts.main }.map { SetOrigin($0, namespace: parts.namespace) }
            + (objects?.origins ?? [])
    }

    private static func board(_ origin: SetOrigin, _ fault: Finding) -> ConfigurationBoard {
        let board = ConfigurationBoard(
            configMap: origin.key.place, imageSet: origin.set.cleaned(maximumBytes: 63), kind: origin.key.shownKind)
        var status = board.status
        status.findings = [ConfigurationStatus.Remark(fault)]
        status.resourceVersion = origin.written?.metadata.resourceVersion
        board.post(status)
        return board
    }

    private func tell(_ fault: Finding, about origin: SetOrigin) {
        guard told[origin.key] != fault else { return }
        parts.logger.error("\(fault)", metadata: ["object": "\(origin.key)"])
        parts.events.record(
            .warning, about: origin.reference,
            reason: fault == origin.obstacle ? "OtherOperatorActs" : "ConfigurationRejected", message: fault.description
        )
    }

    private func begin(_ origin: SetOrigin) async {
        let set = origin.set
        let board = ConfigurationBoard(configMap: origin.key.place, imageSet: set, kind: origin.key.shownKind)
        let keeper = SetKeeper(set, origin: origin, board: board, parts: parts) { [self] in
            await claim($0, for: set)
        } adopt: { [self] in
            await adopt($0, revision: $1, for: set)
        }
        parts.logger.notice("an image set came", metadata: ["imageSet": "\(set)", "object": "\(origin.key)"])
        let task = Task {
            await withTaskGroup { group in
                group.addTask { await keeper.run() }
                group.addTask { await keeper.configuration.keepStored() }
            }
        }
        works[set] = Work(origin: origin.key, keeper: keeper, task: task)
        await keeper.configuration.restore()
    }

    /// - Parameter isReplaced: another object stands for the set from now on: nothing is released.
    private func end(_ set: String, isReplaced: Bool) async {
        guard let work = works.removeValue(forKey: set) else { return }
        parts.logger.notice("an image set went", metadata: ["imageSet": "\(set)", "object": "\(work.origin)"])
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
            guard let work = works[name], let written = work.judged else { continue }
            await work.keeper.configuration.consider(written)
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
        await publishing.add { await self.publishNow() }.value
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
                    try await sweepOnce()
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

    private func sweepOnce() async throws {
        // What a list that failed doesn't tell of is there all the same.
        guard isSynced else { return }
        let isEverywhere =
            if parts.objects == .all { try await parts.client.may("list", .daemonSets, namespace: nil) } else { false }
        let namespaces = Set(parts.namespaces).union(objects?.namespaces ?? [])
        let ours = try await parts.client.ownDaemonSets(of: isEverywhere ? nil : namespaces)
        for (namespace, daemonSets) in Dictionary(grouping: ours, by: { $0.metadata.namespace ?? parts.namespace }) {
            try await sweep(daemonSets, in: namespace)
        }
    }

    /// - Parameter ours: all DaemonSets of ours in a namespace.
    private func sweep(_ ours: [DaemonSet], in namespace: String) async throws {
        // Whether a ConfigMap or an object that is there is any good is another question: its set keeps what it has.
        let names = Set(origins.map(\.set))
        let areObjectsKnown = parts.objects == .nobodys || objects?.isComplete == true
        let former = ours.filter { daemonSet in
            guard let set = daemonSet.metadata.labels[PodNames.setLabel], !names.contains(set) else { return false }
            return areObjectsKnown || daemonSet.metadata.annotations[PodNames.objectAnnotation] == nil
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
