import Cluster
import Formatting
import ImageSets
import Planning
import Shared

/// What a node suffers alone, in words: it fails to pull what others have, or its pull doesn't end while they pull.
package struct NodeDeviation: Sendable, Hashable {
    package var node: String
    /// The image entry's name.
    package var image: String
    /// Of the image, among the snapshot's.
    var column: Int
    package var reason: FailureReason
    /// Who was asked in the registry's place, where the runtime's message names it.
    package var mirror: String?
    /// How many nodes of its platform have the image.
    package var holders: Int
    /// How many others fail alike.
    package var companions: Int
    /// No attempt has ended.
    package var isHanging: Bool

    package init(_ deviation: Fleet.Deviation, image: String) {
        node = deviation.node
        self.image = image
        column = deviation.column
        reason = deviation.failure.reason
        mirror = FailureExplanation(message: deviation.failure.message).mirrorHost
        holders = deviation.holders
        companions = deviation.alike - 1
        isHanging = deviation.failure.attempts == 0
    }

    /// `n1 says notFound, 49 other nodes have it: look at n1's mirror, proxy or credentials`
    package var summary: String {
        var said = isHanging ? "\(node)'s pull doesn't end" : "\(node) says \(reason.rawValue)"
        if companions > 0 { said += " like \(counted(companions, "other"))" }
        let others =
            switch holders {
            case 0: "another node tries it"
            case 1: "1 other node has it"
            default: "\(holders) other nodes have it"
            }
        return "\(said), \(others): \(advice)"
    }

    /// `look at n1's mirror, proxy or credentials`; the same while the counts change.
    package var advice: String {
        "look at \(node)'s \(reason.ownPlaces(mirror: mirror.map { "mirror (\($0))" } ?? "mirror"))"
    }
}

extension FailureReason {
    /// Where a node can differ from others that don't fail so.
    fileprivate func ownPlaces(mirror: String) -> String {
        switch self {
        case .notFound, .unauthorized, .noMatchingPlatform, .rateLimited: "\(mirror), proxy or credentials"
        case .network, .registryUnavailable, .timeout: "\(mirror), proxy or network"
        case .tls: "certificate authorities, clock or proxy"
        case .corruptContent: "\(mirror), disk or memory"
        case .diskFull, .nodeStorage: "disk and image store"
        case .invalidReference, .unsupportedImage, .policyRejected: "container runtime, its version and configuration"
        case .cancelled, .runtimeUnavailable, .unknown: "container runtime and its log"
        }
    }
}

extension Snapshot {
    /// What nodes suffer alone, by node, then in the order of the list. Of kubelets' own pulls nobody knows enough.
    package var deviations: [NodeDeviation] {
        guard configuration.runtimeSocket != .none else { return [] }
        let found = fleet.deviations(now: now)
        guard !found.isEmpty else { return [] }
        let targets = targetNodes
        let positions = Dictionary(
            targets.nodes.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { first, _ in first })
        return found.compactMap { deviation in
            guard let position = positions[deviation.node],
                let column = targets.cells.column(ofFleet: deviation.column),
                targets.cells.kinds[targets.cells.kind(position)].wants(column)
            else { return nil }
            var own = NodeDeviation(deviation, image: targets.cells.images[column].name)
            own.column = column
            return own
        }
    }
}

/// Deviations by node and image entry.
package struct DeviationIndex {
    private var deviations: [String: [String: NodeDeviation]] = [:]

    package init(_ snapshot: Snapshot) {
        for deviation in snapshot.deviations { deviations[deviation.node, default: [:]][deviation.image] = deviation }
    }

    package subscript(node: String, image: String) -> NodeDeviation? {
        deviations.isEmpty ? nil : deviations[node]?[image]
    }

    /// A node's pulls that don't end, in the order of the list.
    func hanging(on node: String) -> [NodeDeviation] {
        guard !deviations.isEmpty, let all = deviations[node] else { return [] }
        return all.values.filter(\.isHanging).sorted { $0.column < $1.column }
    }
}
