import Shared

/// What earlier attempts taught: the planner's memory, made of events alone, so that a history can be played again.
public struct Experience: Sendable {
    /// By registry, as in references.
    public internal(set) var registries: [String: RegistryPace] = [:]
    public internal(set) var trials: [Trial.Key: Trial] = [:]
    public internal(set) var refreshes: [Trial.Key: Refresh] = [:]
    /// By normalised reference: those that agents were refused.
    public internal(set) var kubeletPulls: [String: KubeletPull] = [:]
    /// Bytes on disk for each byte of an image's size, by normalised reference: measured.
    var unpacking: [String: Double] = [:]

    /// Of images that nobody wants any more nothing is kept.
    mutating func forget(except references: [ImageReference]) {
        let names = Set(references.map(\.normalised))
        trials = trials.filter { names.contains($0.key.reference) }
        refreshes = refreshes.filter { names.contains($0.key.reference) }
        kubeletPulls = kubeletPulls.filter { names.contains($0.key) }
        unpacking = unpacking.filter { names.contains($0.key) }
        for registry in registries.keys { registries[registry]?.forget(except: names) }
    }
}
