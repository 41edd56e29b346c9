import Cluster
import History
import ConfigurationParsing
import ImageSets
import KubernetesClient
import Logging
import Planning
import Reporting
import Shared

/// Keeps prefetches in ConfigMaps, tells the control loop which there are, and removes those whose time is over.
///
/// Whoever may edit ConfigMaps in the coordinator's namespace can make, change and end them there too.
package actor PrefetchKeeper {
    private let client: KubernetesClient
    private let namespace: String
    private let loop: ControlLoop
    private let logger: Logger
    private var prefetches: [String: Prefetch] = [:]
    /// Those that are being removed: the watch tells of them until they have gone.
    private var ending: Set<String> = []
    /// Whether the list has come at least once.
    private var isSynced = false

    package init(client: KubernetesClient, namespace: String, loop: ControlLoop, logger: Logger) {
        self.client = client
        self.namespace = namespace
        self.loop = loop
        self.logger = logger
    }

    /// Works until cancelled.
    package func run() async {
        await withTaskGroup { group in
            group.addTask { await self.follow() }
            group.addTask {
                while !Task.isCancelled {
                    await self.removeEnded()
                    try? await Task.sleep(for: .seconds(1))
                }
            }
        }
    }

    // MARK: What people want

    /// - Throws: ``PrefetchRefusal``.
    package func create(_ request: PrefetchRequest) async throws(PrefetchRefusal) -> PrefetchStatus {
        guard isSynced else { throw .notReady }
        let isHeld = request.hold ?? false
        let main = await loop.configuration(of: ImageSet.defaultName)
        guard main != nil || !isHeld else { throw .notReady }
        guard await loop.hasAgents || isHeld else { throw .noAgents }
        let order: PrefetchOrder
        let data: [String: String]
        do {
            order = try PrefetchOrder(
                references: request.references, selector: request.selector ?? [:], nodes: request.nodes ?? [],
                nodeCount: request.nodeCount)
            data = try isHeld ? order.data(heldBesides: main ?? Configuration()) : order.data
        } catch {
            throw .fault(error)
        }
        let lifetime = request.ttlSeconds ?? Prefetch.usualLifetime
        guard Prefetch.lifetimes.contains(lifetime) else {
            throw .fault(PrefetchFault("its life would be \(lifetime) seconds", next: "write 1m to 7d (60 to 604800)"))
        }
        guard prefetches.count < Prefetch.most else { throw .tooMany }
        let now = loop.clock.now
        let name = PrefetchOrder.namePrefix + String(UInt64.random(in: 0..<(1 << 40)) | 1 << 40, radix: 36)
        var prefetch = Prefetch(name: name, createdAt: now, endsAt: now + lifetime, isHeld: isHeld, order: order)
        // It counts before others are let in.
        prefetches[name] = prefetch
        do {
            let made = try await client.create(
                prefetch.document(namespace: namespace, data: data), .configMaps, namespace: namespace)
            prefetch.uid = made["metadata"]?["uid"]?.stringValue
        } catch {
            prefetches[name] = nil
            throw .cluster("\(error)")
        }
        prefetches[name] = prefetch
        await tellLoop()
        logger.info("prefetching", metadata: ["prefetch": "\(name)", "images": "\(order.references.count)"])
        return await statuses([prefetch])[0]
    }

    /// Ends one before its time. What it pulled stays.
    ///
    /// - Throws: ``PrefetchRefusal``.
    package func cancel(_ name: String) async throws(PrefetchRefusal) -> PrefetchStatus {
        guard isSynced else { throw .notReady }
        guard let prefetch = prefetches[name] else { throw .unknown(name) }
        let status = await statuses([prefetch])[0]
        do {
            try await remove(prefetch)
        } catch {
            throw .cluster("\(error)")
        }
        logger.info("a prefetch was ended", metadata: ["prefetch": "\(name)"])
        return status
    }

    /// - Throws: ``PrefetchRefusal``.
    package func status(_ name: String) async throws(PrefetchRefusal) -> PrefetchStatus {
        guard isSynced else { throw .notReady }
        guard let prefetch = prefetches[name] else { throw .unknown(name) }
        return await statuses([prefetch])[0]
    }

    /// All of them, the oldest first.
    ///
    /// - Throws: ``PrefetchRefusal``.
    package func list() async throws(PrefetchRefusal) -> PrefetchList {
        guard isSynced else { throw .notReady }
        return PrefetchList(prefetches: await statuses(sorted))
    }

    private func statuses(_ prefetches: [Prefetch]) async -> [PrefetchStatus] {
        let held = Set(prefetches.compactMap(\.heldSet))
        let sets = prefetches.compactMap(\.set) + (await loop.heldSets.filter { held.contains($0.name) })
        let reports = await loop.coverage(of: sets) ?? []
        let coverage = Dictionary(zip(sets.map(\.name), reports), uniquingKeysWith: { first, _ in first })
        return prefetches.map { PrefetchStatus($0, coverage: coverage[$0.heldSet ?? $0.name]) }
    }

    // MARK: What the cluster has

    private func follow() async {
        let selection = Selection(namespace: namespace, labelSelector: "\(PrefetchOrder.label)=true")
        let maps = Reflector(ConfigMap.self, client: client, selection: selection) { [self] in tell($0) }
        for await event in maps {
            switch event {
            case .synced(let maps):
                isSynced = true
                ending.formIntersection(maps.map(\.metadata.name))
                let now = loop.clock.now
                prefetches = Dictionary(
                    maps.map { ($0.metadata.name, Prefetch($0, now: now)) }, uniquingKeysWith: { _, last in last })
            case .added(let map), .modified(let map): note(Prefetch(map, now: loop.clock.now))
            case .deleted(let map):
                prefetches[map.metadata.name] = nil
                ending.remove(map.metadata.name)
            }
            await tellLoop()
        }
    }

    private func note(_ prefetch: Prefetch) {
        if case .failure(let fault) = prefetch.order, prefetches[prefetch.name]?.order != prefetch.order {
            logger.warning(
                "a prefetch can't be read, and nothing is pulled for it",
                metadata: ["configMap": "\(namespace)/\(prefetch.name)", "error": "\(fault)"])
        }
        prefetches[prefetch.name] = prefetch
    }

    private nonisolated func tell(_ trouble: KubernetesTrouble?) {
        guard let trouble, trouble.failures == 1 else { return }
        logger.warning(
            """
            prefetches can't be followed: the coordinator's account must be allowed to list, watch and delete configmaps \
            in its namespace; it is tried again
            """, metadata: ["error": "\(trouble.error)"])
    }

    private var sorted: [Prefetch] {
        prefetches.values.sorted { ($0.createdAt, $0.name) < ($1.createdAt, $1.name) }
    }

    /// More than are allowed could have been made by kubectl: then the oldest count.
    private func tellLoop() async {
        let now = loop.clock.now
        let live = sorted.filter { $0.endsAt > now && !ending.contains($0.name) }
        await loop.use(prefetches: live.prefix(Prefetch.most).compactMap(\.set))
    }

    private func removeEnded() async {
        let now = loop.clock.now
        let ended = sorted.filter { $0.endsAt <= now && !ending.contains($0.name) }
        for prefetch in ended {
            do {
                try await remove(prefetch)
                logger.info("a prefetch has ended", metadata: ["prefetch": "\(prefetch.name)"])
            } catch {
                logger.warning(
                    "the ConfigMap of an ended prefetch can't be deleted; it is tried again",
                    metadata: ["configMap": "\(namespace)/\(prefetch.name)", "error": "\(error)"])
                try? await Task.sleep(for: .seconds(10))
            }
        }
    }

    private func remove(_ prefetch: Prefetch) async throws {
        ending.insert(prefetch.name)
        await tellLoop()
        do {
            try await client.delete(
                .configMaps, name: prefetch.name, namespace: namespace,
                options: KubernetesClient.DeleteOptions(uid: prefetch.uid))
            prefetches[prefetch.name] = nil
        } catch let error as KubernetesError where error.isNotFound {
            prefetches[prefetch.name] = nil
        } catch {
            ending.remove(prefetch.name)
            await tellLoop()
            throw error
        }
    }
}
