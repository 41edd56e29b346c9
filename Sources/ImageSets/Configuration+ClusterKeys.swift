import Cluster

extension Configuration {
    /// What a set beside `default` is to be: what its own ConfigMap says of it, and in all that concerns the cluster, one
    /// registry or one agent for all sets, what the main one says.
    public func withClusterKeys(of main: Configuration) -> Configuration {
        var merged = main
        merged.images = images
        merged.cachingIntervalHours = cachingIntervalHours
        merged.sleepResources = sleepResources
        merged.daemonSetName = daemonSetName
        merged.daemonSetAnnotations = daemonSetAnnotations
        merged.namespace = namespace
        merged.scheduling = scheduling
        // Its pods run on nodes that are kept back, too.
        merged.scheduling.nodeReadyGate = main.scheduling.nodeReadyGate
        merged.nodeCount = nodeCount
        merged.priorityClassName = priorityClassName
        merged.imagePullSecrets = imagePullSecrets
        merged.protectsPrivateImages = protectsPrivateImages
        return merged
    }
}
