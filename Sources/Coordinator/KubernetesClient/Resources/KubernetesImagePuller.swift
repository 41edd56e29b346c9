import Shared

/// `che.eclipse.org/v1alpha1 KubernetesImagePuller`, whoever's CustomResourceDefinition is installed.
///
/// What it holds is read by whoever needs it: a definition can let in what another one doesn't, and one object that can't be
/// read must not make the list of all of them unreadable.
package struct KubernetesImagePuller: KubernetesResource, Hashable {
    package static let resourceType = ResourceType.imagePullers

    package var metadata: ObjectMeta
    package var spec: JSONValue?
    package var status: JSONValue?
}
