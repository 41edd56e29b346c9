import ClusterModel
import Logging

/// What every simulated node shares.
struct NodeSurroundings: Sendable {
    let store: ObjectStore
    let cluster: LiveCluster
    let tokens: TokenRegistry
    let processes: ProcessGuard
    /// Of the simulator; each node has a folder in it.
    let directory: String
    /// The real program for the containers called `image-puller-agent`; nil: they are only modelled.
    let agentPath: String?
    /// Images whose agents end at once with an error.
    var crashing: Set<String> = []
    /// What agents inherit of our own environment, so that dynamically linked ones find their libraries.
    let inherited: [String: String]
    let logger: Logger
}
