import Cluster
import Planning

extension Snapshot {
    /// Registries that fail on many nodes and are only probed.
    package var openCircuits: [String] { Array(outages.keys) }

    /// Since when, by registry.
    var outages: [String: Timestamp] { fleet.experience.outages }
}
