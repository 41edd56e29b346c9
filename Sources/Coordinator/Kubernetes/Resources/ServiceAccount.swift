/// `core/v1 ServiceAccount`: only that there is one.
struct ServiceAccount: KubernetesResource, Hashable {
    static let resourceType = ResourceType.serviceAccounts

    var metadata = ObjectMeta()
}
