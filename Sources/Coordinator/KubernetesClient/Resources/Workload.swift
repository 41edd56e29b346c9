/// `apps/v1 Deployment`: only who it is.
struct Deployment: KubernetesResource, Hashable {
    static let resourceType = ResourceType.deployments

    var metadata = ObjectMeta()
}

/// `apps/v1 ReplicaSet`: only who it is and whose.
struct ReplicaSet: KubernetesResource, Hashable {
    static let resourceType = ResourceType.replicaSets

    var metadata = ObjectMeta()
}
