import Cluster
import History
import ImageSets
import Planning
import Shared

extension ControlLoop {
    /// Takes from history when tags were asked for last: a coordinator that restarts often would never ask else.
    package func recallQuestions() async {
        guard let successes = try? await history.queries?.lastSuccesses() else { return }
        var moments: [String: Timestamp] = [:]
        for (written, at) in successes {
            guard let reference = try? ImageReference(written) else { continue }
            let moment = Timestamp(milliseconds: at)
            moments[reference.normalised] = max(moments[reference.normalised] ?? moment, moment)
        }
        fleet.recallQuestions(moments)
        signal.yield()
    }

    /// Makes an image's pulls due now, whatever they wait for: back-off, a registry's circuit, the hourly refresh.
    ///
    /// - Parameters:
    ///   - image: an entry's name, or a reference of the list as it's written anywhere.
    ///   - node: nil: every node.
    /// - Returns: what will be pulled, and on how many nodes it's missing.
    /// - Throws: ``PullRefusal``.
    package func pull(image: String, node: String?) throws(PullRefusal) -> PullRequestOutcome {
        guard configuration != nil, cluster.isSynced else { throw .notReady }
        if let node, cluster.nodes[node] == nil { throw .unknownNode(node) }
        let normalised = (try? ImageReference(image))?.normalised
        let images = listedImages
        let entry =
            images.first { $0.name == image } ?? images.first { $0.reference.normalised == normalised }
        guard let entry, let missing = fleet.hurry(entry.reference, node: node, at: clock.now) else {
            throw .unknownImage(image)
        }
        signal.yield()
        return PullRequestOutcome(name: entry.name, reference: entry.reference.written, missing: missing)
    }
}

/// What was made due.
package struct PullRequestOutcome: Codable, Sendable, Hashable {
    /// The image entry.
    package var name: String
    package var reference: String
    /// Nodes that lack the image. Where it's there, a tag is asked for again.
    package var missing: Int
}

/// Why nothing can be pulled by hand.
package enum PullRefusal: Error, Equatable {
    case notReady
    case unknownImage(String)
    case unknownNode(String)
}
