import Cluster
import ImageSets
import Shared

/// What a prefetch asks for: images that are to be pulled on some of the target nodes.
package struct PrefetchOrder: Sendable, Hashable {
    /// A ConfigMap of more couldn't be read by people, and longer lists belong into IMAGES.
    package static let mostReferences = 100
    /// That are named: more have a label in common.
    package static let mostNodes = 1000

    /// What names begin with that the coordinator gives.
    package static let namePrefix = "prefetch-"

    /// Whether the coordinator gave the name: ever new ones, of which no metric can have a series each.
    package static func isName(_ name: String) -> Bool { name.hasPrefix(namePrefix) }

    /// Each once, in the order in which they are pulled.
    package var references: [ImageReference]
    /// Labels that the nodes must have.
    package var selector: [String: String]
    /// Names of nodes; empty: any.
    package var nodes: [String]
    /// On so many of those nodes; nil: on all.
    package var nodeCount: Int?

    /// - Throws: ``PrefetchFault`` for what can't be meant.
    package init(
        references texts: [String], selector: [String: String] = [:], nodes: [String] = [], nodeCount: Int? = nil
    ) throws(PrefetchFault) {
        guard (1...Self.mostReferences).contains(texts.count) else {
            throw PrefetchFault(
                texts.isEmpty ? "no image is named" : "\(texts.count) images are named",
                next: "name 1 to \(Self.mostReferences) references")
        }
        var seen: Set<String> = []
        references = []
        for text in texts {
            let reference = try Self.reference(text)
            if seen.insert(reference.normalised).inserted { references.append(reference) }
        }
        for (key, value) in selector.sorted(by: { $0.key < $1.key }) {
            guard KubernetesName.isQualified(key), KubernetesName.isLabelValue(value) else {
                throw PrefetchFault(
                    "\"\(Redaction.quote("\(key)=\(value)", limit: 140))\" is no label",
                    next: "write key=value as kubectl get nodes --show-labels shows it")
            }
        }
        try Self.check(nodes: nodes)
        if let nodeCount, !Self.counts.contains(nodeCount) {
            throw PrefetchFault("\(nodeCount) is no number of nodes", next: "write a whole number from 1 to 100000")
        }
        self.selector = selector
        self.nodes = nodes
        self.nodeCount = nodeCount
    }

    static let counts = 1...100_000

    static func check(nodes: [String]) throws(PrefetchFault) {
        guard nodes.count <= mostNodes else {
            throw PrefetchFault(
                "\(nodes.count) nodes are named, and the limit is \(mostNodes)",
                next: "say which nodes are meant by labels, or make several prefetches")
        }
        for node in nodes where !KubernetesName.isSubdomain(node) {
            throw PrefetchFault(
                "\"\(Redaction.quote(node, limit: 80))\" can't be a node's name",
                next: "write a name as kubectl get nodes shows it")
        }
    }

    private static func reference(_ text: String) throws(PrefetchFault) -> ImageReference {
        // First of all, so that no later message quotes a part of a password.
        if let complaint = ReferenceComplaint.aboutCredentials(in: text) {
            throw PrefetchFault(complaint.message, next: complaint.nextStep)
        }
        do {
            return try ImageReference(text.trimmed)
        } catch {
            let complaint = ReferenceComplaint(error)
            throw PrefetchFault("\"\(Redaction.quote(text))\": \(complaint.message)", next: complaint.nextStep)
        }
    }

    /// The image set that it makes.
    package func set(named name: String) -> ImageSet {
        var scheduling = nodes.isEmpty ? Scheduling() : Scheduling.named(nodes)
        scheduling.nodeSelector = selector
        return ImageSet(name: name, references: references, scheduling: scheduling, count: nodeCount)
    }
}

/// Why a prefetch can't be.
package struct PrefetchFault: Error, Sendable, Hashable, CustomStringConvertible {
    package var message: String
    package var nextStep: String

    package init(_ message: String, next: String) {
        self.message = message
        nextStep = next
    }

    package var description: String { "\(message). Next step: \(nextStep)." }
}
