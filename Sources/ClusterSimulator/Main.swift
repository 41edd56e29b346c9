import ArgumentParser

/// A Kubernetes cluster to try things on: its API, its nodes with their container runtimes, its registries.
@main struct ClusterSimulator: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster-simulator",
        abstract: "A simulated Kubernetes cluster: a real API, real CRI sockets, real node agents, no images.",
        subcommands: [ServeCommand.self], defaultSubcommand: ServeCommand.self)
}
