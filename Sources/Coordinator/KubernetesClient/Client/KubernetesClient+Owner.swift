extension KubernetesClient {
    /// The Deployment that a pod belongs to, as an owner for what we create; nil when the pod isn't a Deployment's.
    ///
    /// Only objects in that same namespace may be given this owner.
    package func owningDeployment(ofPod name: String, namespace: String) async throws -> OwnerReference? {
        let pod = try await get(Pod.self, name, namespace: namespace)
        guard let replicaSet = pod.metadata.controller, replicaSet.kind == "ReplicaSet" else { return nil }
        let owner = try await get(ReplicaSet.self, replicaSet.name, namespace: namespace)
        guard var deployment = owner.metadata.controller, deployment.kind == "Deployment" else { return nil }
        // The Deployment's own controller doesn't manage what we make.
        deployment.controller = nil
        deployment.blockOwnerDeletion = nil
        return deployment
    }
}
