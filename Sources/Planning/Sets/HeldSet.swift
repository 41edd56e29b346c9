import Cluster
import ImageSets

/// An image set that is held, with what is known of its DaemonSet.
public struct HeldSet: Sendable, Equatable {
    public var name: String
    /// What the DaemonSet is made from.
    public var configuration: Configuration
    /// The annotation that pods of its present template carry; nil until it is applied.
    public var template: String?
    public var successor: Successor

    public init(
        name: String, configuration: Configuration, template: String? = nil, successor: Successor = Successor()
    ) {
        (self.name, self.configuration) = (name, configuration)
        (self.template, self.successor) = (template, successor)
    }
}
