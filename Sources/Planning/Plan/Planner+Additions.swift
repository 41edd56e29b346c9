import Cluster
import ImageSets
import Shared

/// Pods get the containers of images that the list has gained while they run, as ephemeral containers: nothing that they hold is
/// let go for it, and no node waits for another one's turn.
extension Planner {
    /// Whether the pod, of an older template, is one of the present template but for images that it lacks.
    func isAdoptable(_ pod: PodView, listed: [String: String]) -> Bool {
        Self.canExtend(pod, to: listed, successor, configuration)
    }

    /// Whether containers are added to the pod for what it lacks of its list; else it is replaced.
    ///
    /// - Parameter listed: the list's images, normalised, by container.
    public static func canExtend(
        _ pod: PodView, to listed: [String: String], _ successor: Successor, _ configuration: Configuration
    ) -> Bool {
        guard let frame = successor.frame, pod.frame == frame, pod.isWorking(under: configuration),
            !lacksName(pod, listed.keys)
        else { return false }
        return pod.images.allSatisfy { $0.key == Configuration.agentContainerName || listed[$0.key] == $0.value }
    }

    /// Whether the pod, of the present template, lacks containers that nobody may add, or can.
    func isIncomplete(_ pod: PodView) -> Bool {
        guard pod.frame != nil, pod.images.count < successor.containers.count else { return false }
        return successor.frame == nil || Self.lacksName(pod, successor.containers)
    }

    /// Whether somebody else's container has the name of one that the pod is to have.
    private static func lacksName(_ pod: PodView, _ names: some Sequence<String>) -> Bool {
        !pod.foreignContainers.isEmpty && names.contains(where: pod.foreignContainers.contains)
    }

    /// Those of the entries whose image is there, by the containers' names.
    func additions(to pod: PodView, _ entries: [Int]) -> [String: String] {
        var additions: [String: String] = [:]
        for entry in entries
        where entry < columns.count && !pod.foreignContainers.contains(configuration.images[entry].container) {
            guard fleet.state(node: pod.node, column: columns[entry], now: now).isPresent else { continue }
            additions[configuration.images[entry].container] = configuration.images[entry].reference.normalised
        }
        return additions
    }
}

/// The entries that pods, whose agent's container is among their images, have none for: mostly those of the last pod.
struct LackedEntries {
    private let configuration: Configuration
    private var last: (images: [String: String], entries: [Int])?

    init(_ configuration: Configuration) { self.configuration = configuration }

    mutating func entries(of pod: PodView) -> [Int] {
        guard pod.frame != nil, pod.images.count <= configuration.images.count else { return [] }
        if let last, last.images == pod.images { return last.entries }
        let entries = configuration.images.indices.filter { pod.images[configuration.images[$0].container] == nil }
        last = (pod.images, entries)
        return entries
    }
}
