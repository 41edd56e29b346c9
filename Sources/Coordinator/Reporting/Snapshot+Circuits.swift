import Cluster
import Planning

extension Snapshot {
    /// Registries that fail on many nodes and are only probed.
    package var openCircuits: [String] { fleet.experience.registries.filter(\.value.circuit.isOpen).map(\.key) }
}
