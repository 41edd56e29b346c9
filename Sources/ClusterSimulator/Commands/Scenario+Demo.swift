extension Scenario {
    /// Images that the demo caches on five nodes in three zones, in about half a minute: real-looking sizes over
    /// real-looking links, one node that is slow, one image that fails twice before it succeeds
    /// (`tools/builder:1.9`). `registry.example.com/shop/legacy:0.9` doesn't exist.
    static let demoImages = [
        ImageScenario(reference: "registry.example.com/shop/frontend:2.4", megabytes: 85),
        ImageScenario(reference: "registry.example.com/shop/backend:2.4", megabytes: 140),
        ImageScenario(reference: "registry.example.com/shop/worker:2.4", megabytes: 95),
        ImageScenario(reference: "registry.example.com/tools/builder:1.9", megabytes: 160, failFirst: 2),
        ImageScenario(reference: "registry.example.com/tools/debug:1.0", megabytes: 12),
    ]

    /// The image that the agents themselves come from, unless another is named.
    static let agentImage = "registry.example.com/image-puller:demo"

    /// - Parameters:
    ///   - count: nodes, spread over three zones; the third is slow.
    ///   - agentImage: our own image (`KIP_IMAGE`), which its registry then has.
    static func demo(nodes count: Int = 5, agentImage: String = agentImage) throws -> Scenario {
        var scenario = Scenario(seed: 1)
        scenario.nodes = (0..<count).map { Scenario.node($0) }
        scenario.registries = [
            RegistryScenario(
                host: "registry.example.com", latencyMilliseconds: 120, megabitsPerSecond: 1_600, images: demoImages),
            RegistryScenario(
                host: "docker.io", latencyMilliseconds: 250, megabitsPerSecond: 800,
                images: [ImageScenario(reference: "docker.io/library/nginx:1.27", megabytes: 72)]),
        ]
        try scenario.add(ImageScenario(reference: agentImage, megabytes: 12))
        return scenario
    }

    /// A node of the demo, by its number.
    static func node(_ number: Int) -> NodeScenario {
        let isSlow = number == 2
        return NodeScenario(
            name: "node-\(number + 1)", zone: "zone-\(["a", "b", "c"][number % 3])",
            megabitsPerSecond: isSlow ? 150 : 500, latencyFactor: isSlow ? 4 : 1,
            unpackMegabytesPerSecond: isSlow ? 60 : 150)
    }
}
