import Shared

/// `che.eclipse.org/v1alpha1 KubernetesImagePuller`, whoever's CustomResourceDefinition is installed.
///
/// What it holds is read by whoever needs it: a definition can let in what another one doesn't, and one object that can't be
/// read must not make the list of all of them unreadable.
package struct KubernetesImagePuller: ReadableResource, ReadableValue, Hashable {
    package static let resourceType = ResourceType.imagePullers

    package var metadata: ObjectMeta
    package var spec: JSONValue?
    package var status: JSONValue?

    package init(metadata: ObjectMeta, spec: JSONValue?, status: JSONValue?) {
        self.metadata = metadata
        self.spec = spec
        self.status = status
    }

    package init() { self.init(metadata: ObjectMeta(), spec: nil, status: nil) }

    /// An API server takes 10,000, and Foundation's decoder refuses a whole list for one object with 513: whoever may create
    /// an object would keep the coordinator from seeing all others. What counts isn't nested half as deep.
    static let maximumDepth = 128

    package mutating func read(_ key: JSONKey, _ reader: inout JSONFieldReader) throws {
        switch key {
        case "metadata": metadata = try ObjectMeta.read(&reader) ?? ObjectMeta()
        case "spec": spec = try reader.json(depth: Self.maximumDepth)
        case "status": status = try reader.json(depth: Self.maximumDepth)
        default: break
        }
    }
}
