import Cluster
import RegistryPacing
import Shared

/// What earlier attempts taught: the planner's memory, made of events alone, so that a history can be played again.
public struct Experience: Sendable {
    /// By registry, as in references.
    public internal(set) var registries: [String: RegistryPace] = [:]
    public internal(set) var trials: [Trial.Key: Trial] = [:]
    public internal(set) var refreshes: [Trial.Key: Refresh] = [:]
    /// By normalised reference: those that agents were refused.
    public internal(set) var kubeletPulls: [String: KubeletPull] = [:]
    /// By node and registry: nodes that have only failed since their last success.
    var records: [String: [String: NodeRecord]] = [:]
    /// By registry: seconds that it took at most, lately, until a pull failed for a reason that could be the reference's.
    var refusalSeconds: [String: Double] = [:]
    public internal(set) var repeats = RepeatBook()
    var credentials = CredentialBook()
    /// Bytes on disk for each byte of an image's size, by normalised reference and whether its size is that of unpacked
    /// layers: measured.
    var unpacking: [String: [Bool: UnpackingClaims]] = [:]

    /// Registries that fail on many nodes, so that they are only probed, and since when.
    public var outages: [String: Timestamp] { registries.compactMapValues(\.circuit.openedAt) }

    /// Whether a pull that began then only asks if the registry answers again: a cell that fails goes on failing meanwhile.
    public func isProbe(of registry: String, begun: Timestamp) -> Bool {
        registries[registry]?.circuit.openedAt.map { $0 <= begun } ?? false
    }

    /// Of images that nobody wants any more nothing is kept.
    mutating func forget(except references: [ImageReference]) {
        let names = Set(references.map(\.normalised))
        trials = trials.filter { names.contains($0.key.reference) }
        refreshes = refreshes.filter { names.contains($0.key.reference) }
        kubeletPulls = kubeletPulls.filter { names.contains($0.key) }
        unpacking = unpacking.filter { names.contains($0.key) }
        for node in records.keys {
            records[node] = records[node]?.filter { $0.value.failed.contains { names.contains($0.reference) } }
            if records[node]?.isEmpty == true { records[node] = nil }
        }
        let hosts = Set(references.map(\.registry))
        registries = registries.filter { hosts.contains($0.key) }
        credentials.forget(except: hosts)
        refusalSeconds = refusalSeconds.filter { hosts.contains($0.key) }
        for registry in registries.keys { registries[registry]?.forget(except: names) }
    }

    /// It left the cluster.
    mutating func forget(node: String) {
        records[node] = nil
        repeats.forget { $0.node == node }
        for key in refreshes.keys {
            refreshes[key]?.waits[node] = nil
            refreshes[key]?.refused[node] = nil
            refreshes[key]?.immediate[node] = nil
        }
    }

    /// Seconds after which a pull that still runs has got past what a broken reference fails at.
    func patience(with registry: String) -> Double { max(Self.shortestPatience, refusalSeconds[registry] ?? 0) }

    private static let shortestPatience = 2.0
    /// One slow answer, of a token server say, isn't to make all wait for long.
    private static let longestPatience = 30.0

    mutating func noteRefusal(by registry: String, after seconds: Double) {
        let former = refusalSeconds[registry] ?? 0
        refusalSeconds[registry] = min(Self.longestPatience, max(seconds, former * 0.9))
    }

    /// Whether a node fails at everything that it tries to pull from a registry, while others succeed.
    func failsAlone(_ node: String, _ registry: String) -> Bool {
        guard let record = records[node]?[registry] else { return false }
        let contradicted = record.failed.count { key in
            guard let trial = trials[key], trial.isProven else { return false }
            // What may be the registry's trouble is the node's only while others pull.
            return record.reason.blamesReference || trial.workedAt.map { $0 >= record.since } ?? false
        }
        return contradicted >= NodeRecord.enough
    }
}
