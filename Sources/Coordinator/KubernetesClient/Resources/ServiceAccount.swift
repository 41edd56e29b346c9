/// `core/v1 ServiceAccount`: only that there is one.
package struct ServiceAccount: KubernetesResource, Hashable {
    package static let resourceType = ResourceType.serviceAccounts

    package var metadata = ObjectMeta()
}
