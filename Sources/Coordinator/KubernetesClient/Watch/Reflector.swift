import Logging
import Shared

/// What happened to the objects that a ``Reflector`` follows.
package enum ReflectorEvent<Resource: KubernetesResource>: Sendable {
    /// All objects: replaces whatever was known. Comes first, and again after each new list.
    case synced([Resource])
    case added(Resource)
    case modified(Resource)
    /// With the object's last state.
    case deleted(Resource)
}

extension ReflectorEvent: Equatable where Resource: Equatable {}

/// Follows all objects of a selection: a list, then watches for as long as somebody iterates.
///
/// ```swift
/// for await event in Reflector(Node.self, client: client) { view.apply(event) }
/// ```
///
/// It never ends by itself (but see ``ReflectorOptions/endsWhenNotServed``), only when its task is cancelled, and then at once. What goes wrong is repeated with back-off
/// and told to `onTrouble`; meanwhile what was delivered stands: a list that fails is never delivered as an empty one.
/// There is no queue: events wait on the connection until the consumer asks.
package struct Reflector<Resource: KubernetesResource>: AsyncSequence, Sendable {
    package typealias Element = ReflectorEvent<Resource>
    package typealias Failure = Never

    let client: KubernetesClient
    var selection = Selection()
    var options = ReflectorOptions()
    /// Told of each failure, and nil when a list or a watch works again.
    var onTrouble: @Sendable (KubernetesTrouble?) -> Void = { _ in }

    package init(
        _ type: Resource.Type = Resource.self, client: KubernetesClient, selection: Selection = Selection(),
        options: ReflectorOptions = ReflectorOptions(),
        onTrouble: @escaping @Sendable (KubernetesTrouble?) -> Void = { _ in }
    ) {
        self.client = client
        self.selection = selection
        self.options = options
        self.onTrouble = onTrouble
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self) }
}

/// How a ``Reflector`` asks, and how patient it is.
package struct ReflectorOptions: Sendable {
    package init() {}

    var pageSize = KubernetesClient.pageSize
    /// Whether objects are read as a streaming list where the API server has it: one by one, as they arrive.
    ///
    /// Kubernetes has it by default since 1.34; where it isn't, or doesn't work, lists are read in pages.
    package var streamsLists = false
    /// Whether iterating ends when the API server doesn't serve the type (any more), as it is of custom resources whose
    /// definition isn't installed: 404 in plain text. Else that is an error like any other.
    package var endsWhenNotServed = false
    var backoff = ReflectorState.Backoff()
    /// The server ends each watch after a random time in here, as client-go asks for, so that they don't all end at once.
    var serverTimeout = 300.0...600.0
    /// The longest silence on a watch, in which an API server would have sent two bookmarks.
    var idleTimeout = Duration.seconds(150)
    /// A watch that ends sooner than this without an event counts as a failure.
    var shortestWatch = Duration.seconds(1)
}

/// A failure that a ``Reflector`` is getting over.
package struct KubernetesTrouble: Sendable {
    /// ``KubernetesError`` or ``AccessError``.
    package let error: any Error
    /// Failures in a row.
    package let failures: Int
}
