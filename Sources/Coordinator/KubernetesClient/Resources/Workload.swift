/// `apps/v1 Deployment`: only who it is.
package struct Deployment: KubernetesResource, Hashable {
    package static let resourceType = ResourceType.deployments

    package var metadata = ObjectMeta()
}

/// `apps/v1 ReplicaSet`: only who it is and whose.
struct ReplicaSet: KubernetesResource, Hashable {
    static let resourceType = ResourceType.replicaSets

    var metadata = ObjectMeta()
}
