import ClusterModel
import ConfigurationParsing
import ImageSets
import Manifests
import PlannedCluster
import Planning
import Shared

/// What three runtimes in one cluster make of one list, and what another name for an entry costs.
enum Presence {
    static func run() throws {
        try idle()
        try rename()
    }

    /// One hour in which nothing changes: pods that are replaced, and pulls over what is due, one for each reference, platform
    /// and interval.
    private static func idle() throws {
        var scene = try Scene(nodes: 30, images: 10, size: 12_000_000, bandwidth: 1.25e9)
        for (number, flavour) in zip(scene.nodes.indices, (0..<10).flatMap { _ in RuntimeFlavour.allCases }) {
            scene.nodes[number].flavour = flavour
        }
        var cluster = scene.planned()
        while !cluster.isHeld { cluster.step() }
        for _ in 0..<60 { cluster.step() }
        var replacements = 0
        let before = cluster.model.registry(Scene.host)?.counters.completed ?? 0
        for _ in 0..<3600 {
            cluster.step()
            replacements += cluster.newReplacements.count
        }
        let pulls = (cluster.model.registry(Scene.host)?.counters.completed ?? 0) - before
        Main.figure("mixed_idle_replacements", Double(replacements), "pods")
        Main.figure("mixed_idle_requests_over_due", Double(pulls) / Double(scene.images.count), "ratio")
    }

    /// All entries of a list are renamed: pods whose template is another by that, and that the planner replaces.
    private static func rename() throws {
        let (nodes, images) = (200, 100)
        var scene = try Scene(nodes: nodes, images: images, size: 1_000_000, bandwidth: 1.25e10)
        let before = try accept(scene.images.enumerated().map { ("udi-\($0 + 1)", $1.reference) }, last: nil)
        // As happens when one is put before all others.
        let after = try accept(scene.images.enumerated().map { ("udi-\($0 + 2)", $1.reference) }, last: before)
        scene.images = before.images
        var cluster = PlannedCluster(seed: 1, nodes: [], registries: [scene.registry], hasPods: true)
        for node in scene.nodes { cluster.addNode(node) }
        for node in scene.nodes {
            for entry in before.images {
                guard let image = scene.registry.image(entry.reference) else { continue }
                cluster.model.preload(image, as: entry.reference, node: node.name)
            }
        }
        cluster.configure(withoutAgentImage(before))
        while !cluster.isHeld { cluster.step() }
        cluster.configure(withoutAgentImage(after))
        var replaced = 0
        for _ in 0..<300 {
            cluster.step()
            replaced += cluster.newReplacements.count
        }
        // What the model takes for the template is the manifest's, too.
        let options = ManifestOptions(serverURL: "https://image-puller")
        let hashes = try [before, after].map { try DaemonSetManifest($0, revision: 1, options: options).templateHash }
        Main.figure("rename_replacements", Double(hashes[0] == hashes[1] ? replaced : nodes), "pods")
    }

    /// The modelled nodes have it from the start.
    private static func withoutAgentImage(_ configuration: Configuration) -> Configuration {
        var configuration = configuration
        configuration.agentImage = nil
        return configuration
    }

    private static func accept(_ entries: [(String, ImageReference)], last: Configuration?) throws -> Configuration {
        let list = entries.map { "\($0.0)=\($0.1.written)" }.joined(separator: ";")
        var parser = ConfigurationParser()
        parser.options.defaultAgentImage = "registry.example:5000/own:1"
        let decision = parser.decide(ConfigMapContent(data: ["IMAGES": list]), last: last, templateBytes: { _ in 0 })
        guard let configuration = decision.configuration else { throw Refused(summary: decision.summary) }
        return configuration
    }

    private struct Refused: Error { var summary: String }
}
