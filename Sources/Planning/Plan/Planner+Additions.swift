import Cluster
import ImageSets
import Shared

/// Pods get the containers of images that the list has gained while they run, as ephemeral containers: nothing that they hold is
/// let go for it, and no node waits for another one's turn.
extension Planner {
    /// Whether the pod, of an older template, is one of the present template but for images that it lacks.
    func isAdoptable(_ pod: PodView, listed: [String: String]) -> Bool {
        guard let frame = successor.frame, pod.frame == frame, pod.isWorking(under: configuration) else { return false }
        return pod.images.allSatisfy { $0.key == Configuration.agentContainerName || listed[$0.key] == $0.value }
    }

    /// The images of the list by their containers' names, as pods have them.
    var listedImages: [String: String] {
        Dictionary(
            configuration.images.map { ($0.container, $0.reference.normalised) },
            uniquingKeysWith: { first, _ in first })
    }

    /// Whether the pod, of the present template, lacks containers that nobody may add.
    func isIncomplete(_ pod: PodView) -> Bool {
        successor.frame == nil && pod.frame != nil && pod.images.count <= configuration.images.count
    }

    /// The images that are there and that the pod has no container for, by the containers' names.
    func additions(to pod: PodView) -> [String: String] {
        // Its agent's container is among them.
        guard pod.frame != nil, pod.images.count <= configuration.images.count else { return [:] }
        var additions: [String: String] = [:]
        for (entry, image) in configuration.images.enumerated() where pod.images[image.container] == nil {
            guard entry < columns.count, fleet.state(node: pod.node, column: columns[entry], now: now).isPresent else {
                continue
            }
            additions[image.container] = image.reference.normalised
        }
        return additions
    }
}
