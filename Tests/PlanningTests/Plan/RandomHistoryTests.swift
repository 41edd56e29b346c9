import ClusterModel
import Planning
import Shared
import Testing

/// What must hold whatever happens, tried on seeded random histories. A failure prints its seed.
@Suite struct RandomHistoryTests {
    static let histories = 300

    @Test func nothingForbiddenHappensAndEverythingComesTrueInTheEnd() throws {
        for seed in 0..<UInt64(Self.histories) {
            var history = try RandomHistory(seed: seed)
            for _ in 0..<180 {
                history.disturb()
                history.cluster.step()
                if let violation = history.violation() {
                    Issue.record("seed \(seed) at \(history.cluster.model.now) s: \(violation)")
                    return
                }
            }
            history.calm()
            var steps = 0
            while !history.cluster.isCovered, steps < history.patience {
                history.cluster.step()
                steps += 1
                if let violation = history.violation() {
                    Issue.record("seed \(seed) at \(history.cluster.model.now) s: \(violation)")
                    return
                }
            }
            let isCovered = history.cluster.isCovered
            #expect(isCovered, "seed \(seed): not covered \(steps) s after the last fault: \(history.lacking)")
            // An agent may have to send its full inventory first, which takes another exchange.
            for _ in 0..<3 { history.cluster.step() }
            let disagreement = history.disagreements.first
            #expect(disagreement == nil, "seed \(seed)")
        }
    }
}

/// A small cluster with a small list, and faults from a seed.
struct RandomHistory {
    var cluster: PlannedCluster
    private var random: SeededGenerator
    private let images: [ImageEntry]
    private var lastOrder: [String: Timestamp] = [:]
    private var seenOrders = 0

    /// Seconds after the faults' end within which all is covered: the longest back-off, and two seconds for each
    /// cell, one after the other when the cap is 1.
    var patience: Int { 20 + 2 * cluster.agents.count * images.count }

    init(seed: UInt64) throws {
        random = SeededGenerator(seed: seed)
        var registries: [RegistryModel] = []
        var images: [ImageEntry] = []
        for number in 0..<(1 + Int.random(in: 0..<2, using: &random)) {
            let host = "r\(number).example:5000"
            var registry = RegistryModel(host: host, latency: 0.2, bandwidth: 200_000_000)
            for image in 0..<Int.random(in: 1...4, using: &random) {
                let reference = try ImageReference("\(host)/app\(image):1")
                let size = Int64.random(in: 1_000_000...80_000_000, using: &random)
                registry.publish(ImageDescriptor(name: "app\(image)", version: "1", size: size), as: reference)
                images.append(ImageEntry(name: "r\(number)-app\(image)", reference: reference))
            }
            registries.append(registry)
        }
        images.append(ImageEntry(name: "absent", reference: try ImageReference("r0.example:5000/absent:1")))
        self.images = images
        let nodes = (0..<Int.random(in: 1...6, using: &random)).map { NodeModel(name: "n\($0)") }
        cluster = PlannedCluster(seed: seed, nodes: nodes, registries: registries)
        var configuration = Configuration()
        configuration.images = images
        configuration.pullMaxParallel = Int.random(in: 1...6, using: &random)
        configuration.retry.initialSeconds = 2
        configuration.retry.maxSeconds = 15
        configuration.retry.permanentSeconds = 20
        cluster.configure(configuration)
    }

    mutating func disturb() {
        guard random.unit() < 0.15 else { return }
        let nodes = cluster.agents.keys.sorted()
        let node = nodes.randomElement(using: &random) ?? ""
        let host = cluster.model.registryHosts.randomElement(using: &random) ?? ""
        switch Int.random(in: 0..<10, using: &random) {
        case 0: cluster.model.changeRegistry(host) { $0.availability = .refusing }
        case 1: cluster.model.changeRegistry(host) { $0.availability = .available }
        case 2: cluster.model.setOnline(false, node: node)
        case 3: cluster.powerOn(node)
        case 4: cluster.restartCoordinator()
        case 5: cluster.restartAgent(node)
        case 6: cluster.loss = Double.random(in: 0...0.5, using: &random)
        case 7:
            let entry = images.randomElement(using: &random)
            _ = cluster.model.removeImage(entry?.reference.written ?? "", node: node)
        case 8:
            var edited = cluster.configuration
            edited.images = images.filter { _ in random.unit() < 0.8 }
            cluster.configure(edited)
        default:
            if nodes.count < 8 { cluster.addNode(NodeModel(name: "n\(Int.random(in: 10...99, using: &random))")) }
        }
    }

    /// Ends every fault and asks for all images again.
    mutating func calm() {
        cluster.loss = 0
        for host in cluster.model.registryHosts {
            cluster.model.changeRegistry(host) { $0.availability = .available }
        }
        for node in cluster.agents.keys.sorted() { cluster.powerOn(node) }
        var configuration = cluster.configuration
        configuration.images = images
        cluster.configure(configuration)
    }

    /// What must never be, or nil.
    mutating func violation() -> String? {
        let running = Dictionary(grouping: cluster.fleet.orders, by: \.order.reference.registry)
        for (registry, orders) in running where orders.count > cluster.configuration.pullMaxParallel {
            return "\(orders.count) pulls ordered from \(registry), the cap is \(cluster.configuration.pullMaxParallel)"
        }
        for (node, orders) in Dictionary(grouping: cluster.fleet.orders, by: \.node)
        where orders.count > Planner.pullsPerNode {
            return "\(orders.count) pulls ordered at once on \(node)"
        }
        let wanted = Set(cluster.configuration.images.map(\.reference.written))
        for order in cluster.orders[seenOrders...] where !wanted.contains(order.reference) {
            return "\(order.reference) was ordered on \(order.node), but nobody wants it"
        }
        seenOrders = cluster.orders.count
        for (node, _) in cluster.fleet.nodes {
            for column in cluster.fleet.entryColumns {
                let state = cluster.fleet.state(node: node, column: column, now: cluster.now)
                let failure = cluster.fleet.failure(node: node, column: column)
                if state == .failed, failure == nil { return "failed without a reason on \(node)" }
                if state.isPresent, failure != nil { return "present and failed on \(node)" }
            }
        }
        return nil
    }

    /// What isn't there yet, and why.
    var lacking: [String] {
        cluster.agents.keys.sorted().flatMap { node in
            cluster.fleet.entryColumns.compactMap { column -> String? in
                let reference = cluster.fleet.references[column]
                guard cluster.model.runtime(node)?.image(reference.written) == nil else { return nil }
                let state = cluster.fleet.state(node: node, column: column, now: cluster.now)
                let failure = cluster.fleet.failure(node: node, column: column)
                return "\(node) \(reference): \(state) \(failure?.reason.rawValue ?? "") \(failure?.message ?? "")"
            }
        } + cluster.fleet.orders.map { "ordered on \($0.node): \($0.order)" }
    }

    /// Where the fleet says another thing than the runtimes.
    var disagreements: [String] {
        cluster.agents.keys.sorted().flatMap { node in
            cluster.fleet.entryColumns.compactMap { column -> String? in
                let reference = cluster.fleet.references[column]
                let isThere = cluster.model.runtime(node)?.image(reference.written) != nil
                let state = cluster.fleet.state(node: node, column: column, now: cluster.now)
                return state.isPresent == isThere ? nil : "\(node) \(reference): \(state), there: \(isThere)"
            }
        }
    }
}
