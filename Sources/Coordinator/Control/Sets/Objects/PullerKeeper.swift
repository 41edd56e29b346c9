import Cluster
import ConfigurationParsing
import Events
import Formatting
import History
import KubernetesClient
import Logging
import Manifests
import Reporting

/// Follows `KubernetesImagePuller` objects, and says which image sets come from them.
///
/// Their definition need not be installed, and can come and go: ``PullerObjects`` says what that means.
actor PullerKeeper {
    /// What is known of the objects.
    struct Report: Sendable {
        var origins: [SetOrigin]
        /// Whether these are all: every object was listed, or there can be none.
        var isComplete: Bool
        /// Where DaemonSets for them can be, as far as is known.
        var namespaces: Set<String>
    }

    /// What of the definition matters.
    private enum Definition {
        case installed(PullerObjects.Definition)
        case absent
        /// Nobody may read it, or nobody can.
        case unknown
    }

    private let parts: KeeperParts
    private let grants: NamespaceGrants
    private let check: GoOperatorCheck
    private let deliver: @Sendable (Report) async -> Void

    private var objects: PullerObjects
    /// What of others belongs to objects, by object.
    private var makings: [PullerObjects.Name: [String]] = [:]
    private var places: [PullerObjects.Name: PullerObject.Place] = [:]
    private var listed: Set<String?> = []
    private var hasRecalled = false
    private var isAbsent = false
    private var hasToldOfDefinition = false
    private var checkedAt: [PullerObjects.Name: ContinuousClock.Instant] = [:]
    /// Which fields of status can be written; nil: any.
    private(set) var statusFields: Set<String>? = []

    private static let tick = Duration.seconds(5)
    /// Objects are looked at so often for what the Go operator makes; less often where there are many.
    private var checkInterval: Duration { .seconds(max(30, objects.entries.count)) }

    init(parts: KeeperParts, deliver: @escaping @Sendable (Report) async -> Void) {
        self.parts = parts
        self.deliver = deliver
        grants = NamespaceGrants(client: parts.client, granted: parts.namespaces, logger: parts.logger)
        check = GoOperatorCheck(client: parts.client)
        objects = PullerObjects(patience: parts.objectTimes.patience)
    }

    /// As they are.
    var present: [KubernetesImagePuller] {
        objects.entries.values.filter { $0.heldUntil == nil }.compactMap(\.object)
    }

    /// Works until cancelled.
    func run() async {
        await recall()
        while !Task.isCancelled {
            switch await readDefinition() {
            case .absent:
                await noteAbsence()
                let left =
                    objects.nextExpiry.map { Duration.milliseconds($0.milliseconds(since: now)) }
                    ?? parts.objectTimes.search
                try? await Task.sleep(for: max(min(parts.objectTimes.search, left), .milliseconds(100)))
            case .installed:
                await follow()
                // A definition is installed a moment before its objects are served, and the other way round.
                try? await Task.sleep(for: .seconds(1))
            case .unknown:
                await follow()
                guard !Task.isCancelled else { return }
                await noteAbsence()
                try? await Task.sleep(for: parts.objectTimes.search)
            }
        }
    }

    private var now: Timestamp { parts.clock.now }

    // MARK: The definition

    private func readDefinition() async -> Definition {
        let name = CustomResourceDefinition.name(of: .imagePullers)
        do {
            let version = ResourceType.imagePullers.version
            guard let found = try await parts.client.find(CustomResourceDefinition.self, name), found.serves(version)
            else {
                return .absent
            }
            statusFields = found.fields(at: ["status"], of: version)
            return .installed(
                PullerObjects.Definition(
                    uid: found.metadata.uid ?? "",
                    createdAt: found.metadata.creationTimestamp.map(Timestamp.init) ?? now))
        } catch {
            // What can't be read just now is as it was.
            guard (error as? KubernetesError)?.status == 403 else { return .unknown }
            if !hasToldOfDefinition {
                hasToldOfDefinition = true
                parts.logger.warning(
                    """
                    can't read what defines KubernetesImagePuller objects: their status gets conditions alone, and an object \
                    that is deleted is released after 15 minutes. Allow the coordinator's account to get \
                    customresourcedefinitions
                    """, metadata: ["customResourceDefinition": "\(name)", "error": "\(error)"])
            }
            statusFields = ["conditions"]
            return .unknown
        }
    }

    private func installed() async -> PullerObjects.Definition? {
        guard case .installed(let definition) = await readDefinition() else { return nil }
        return definition
    }

    private func noteAbsence() async {
        let lost = objects.entries.filter { $0.value.heldUntil == nil }.keys.sorted()
        objects.loseAll(at: now)
        let isNews = !isAbsent || !lost.isEmpty
        isAbsent = true
        listed = []
        tellHeld(lost)
        if expire() || isNews { await tell() }
    }

    // MARK: The objects

    /// Follows them for as long as they are served.
    private func follow() async {
        await withTaskGroup { group in
            for namespace in parts.objects.watched { group.addTask { await self.follow(namespace) } }
            group.addTask { await self.look() }
            await group.next()
            group.cancelAll()
        }
    }

    private func follow(_ namespace: String?) async {
        var options = ReflectorOptions()
        options.endsWhenNotServed = true
        let events = Reflector(
            KubernetesImagePuller.self, client: parts.client, selection: Selection(namespace: namespace),
            options: options)
        for await event in events {
            switch event {
            case .synced(let all):
                let definition = await installed()
                for object in all { await examine(object) }
                objects.list(all, in: namespace, of: definition, at: now)
                isAbsent = false
                listed.insert(namespace)
            case .added(let object), .modified(let object):
                let known = objects.entries[.init(object)]
                // Most changes are those of status, which the coordinator makes itself.
                let isKnown = known?.object.map { $0.isSame(as: object) } ?? false
                if !isKnown { await examine(object) }
                let definition =
                    if isKnown, let definition = known?.definition { definition } else { await installed() }
                objects.note(object, of: definition)
            case .deleted(let object):
                // The definition goes before what it takes along: asked now it tells why.
                let name = PullerObjects.Name(object)
                objects.lose(name, of: await installed(), at: now)
                if objects.entries[name] != nil { tellHeld([name]) }
            }
            forgetOthers()
            await tell()
        }
    }

    /// Sees what no watch tells.
    private func look() async {
        var definitionReadAt = ContinuousClock.now
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.tick)
            guard !Task.isCancelled else { return }
            var isNews = expire()
            for object in present {
                let name = PullerObjects.Name(object)
                let age =
                    object.metadata.creationTimestamp.map { Double(now.milliseconds(since: Timestamp($0))) / 1000 } ?? 0
                // The Go operator takes a moment for what it makes of a new object.
                let isDue = age < 60 || makings[name]?.isEmpty == false
                let last = checkedAt[name] ?? .now
                guard isDue || last.duration(to: .now) >= checkInterval else { continue }
                let former = (makings[name], places[name])
                await examine(object)
                if makings[name] != former.0 || places[name] != former.1 { isNews = true }
            }
            if definitionReadAt.duration(to: .now) >= parts.objectTimes.search {
                definitionReadAt = .now
                if case .absent = await readDefinition() { return }
            }
            if isNews { await tell() }
        }
    }

    /// Finds out what else counts for an object.
    private func examine(_ object: KubernetesImagePuller) async {
        let name = PullerObjects.Name(object)
        checkedAt[name] = .now
        do {
            makings[name] = try await check.makings(for: object)
        } catch {
            // What isn't known any more stays as it was.
            parts.logger.info(
                "can't look for what the Go operator makes", metadata: ["object": "\(name.text)", "error": "\(error)"])
        }
        let isGranted = await grants.isGranted(name.namespace)
        if let isGranted {
            places[name] = place(of: name, isGranted: isGranted)
        } else if places[name] == nil {
            places[name] = place(of: name, isGranted: false)
        }
    }

    private func place(of name: PullerObjects.Name, isGranted: Bool) -> PullerObject.Place {
        PullerObject.Place(
            namespace: isGranted ? name.namespace : parts.namespace,
            daemonSetName: PullerSetName.daemonSet(namespace: name.namespace, name: name.name, isAway: !isGranted),
            insteadOf: isGranted ? nil : name.namespace)
    }

    private func forgetOthers() {
        makings = makings.filter { objects.entries[$0.key] != nil }
        places = places.filter { objects.entries[$0.key] != nil }
        checkedAt = checkedAt.filter { objects.entries[$0.key] != nil }
    }

    // MARK: What an earlier run left

    /// Learns from DaemonSets which objects there were: some may have gone meanwhile, and not alone.
    private func recall() async {
        var pause = Duration.seconds(1)
        while !Task.isCancelled {
            do {
                for daemonSet in try await parts.client.ownDaemonSets(of: await namespaces()) {
                    guard let text = daemonSet.metadata.annotations[PodNames.objectAnnotation],
                        let name = PullerObjects.Name(text)
                    else { continue }
                    let made = daemonSet.metadata.creationTimestamp.map(Timestamp.init)
                    objects.recall(name, madeAt: made ?? now)
                }
                hasRecalled = true
                return
            } catch {
                parts.logger.warning(
                    "can't look for the DaemonSets of KubernetesImagePuller objects; it is tried again",
                    metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(30))
        }
    }

    /// Where DaemonSets of objects can be; nil: in any namespace.
    private func namespaces() async -> Set<String>? {
        if parts.objects == .all, (try? await parts.client.may("list", .daemonSets, namespace: nil)) == true {
            return nil
        }
        for namespace in parts.objects.watched.compactMap(\.self) { _ = await grants.isGranted(namespace) }
        return await grants.namespaces
    }

    // MARK: Telling

    private func expire() -> Bool {
        let over = objects.expire(at: now)
        for name in over {
            parts.logger.warning(
                "a KubernetesImagePuller object went with its definition and hasn't come back: its images are released",
                metadata: ["object": "\(name.text)"])
        }
        forgetOthers()
        return !over.isEmpty
    }

    private func tellHeld(_ names: [PullerObjects.Name]) {
        for name in names {
            guard let until = objects.entries[name]?.heldUntil else { continue }
            let message =
                "KubernetesImagePuller \(name.text) went with its definition (CustomResourceDefinition "
                + "\(CustomResourceDefinition.name(of: .imagePullers))): its images stay until \(until.rfc3339), and go on if it "
                + "comes back. Next step: install the definition and the object again, or let that time pass."
            parts.logger.error("\(message)")
            parts.events.record(
                .warning, about: parts.reference(parts.main), reason: "ImageSetOrphaned", message: message)
        }
    }

    private func tell() async {
        let isComplete = hasRecalled && (isAbsent || parts.objects.watched.allSatisfy(listed.contains))
        let origins = objects.entries.map { name, entry in origin(name, entry) }
        await deliver(Report(origins: origins, isComplete: isComplete, namespaces: await grants.namespaces))
    }

    private func origin(_ name: PullerObjects.Name, _ entry: PullerObjects.Entry) -> SetOrigin {
        let place = places[name] ?? place(of: name, isGranted: name.namespace == parts.namespace)
        var origin = SetOrigin(
            key: SetOrigin.Key(kind: .puller, namespace: name.namespace, name: name.name),
            set: PullerSetName.set(namespace: name.namespace, name: name.name, own: parts.namespace),
            written: entry.object.map { WrittenConfiguration($0, in: place) })
        origin.namespaces = place.insteadOf == nil ? [place.namespace] : []
        if let made = makings[name], !made.isEmpty {
            origin.obstacle = GoOperatorCheck.finding(made, namespace: name.namespace)
        }
        if let until = entry.heldUntil {
            origin.absence = Finding(
                severity: .error, key: "metadata",
                message: "the object went with its definition, and its images stay until \(until.rfc3339)",
                nextStep: "install the definition and the object again")
        }
        return origin
    }
}

extension KubernetesImagePuller {
    /// Whether nothing is asked for that the other one doesn't.
    fileprivate func isSame(as other: KubernetesImagePuller) -> Bool {
        metadata.uid == other.metadata.uid && metadata.generation == other.metadata.generation && spec == other.spec
    }
}
