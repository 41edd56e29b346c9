import Hummingbird
import NIOCore

/// What a request brings beside itself: the connection on which it came.
package struct ServerContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    private let channel: (any Channel)?

    package init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }

    /// The client's IP address.
    package var address: String { channel?.remoteAddress?.ipAddress ?? "" }

    /// Somebody known asks on this connection: it doesn't count among the strangers' any more.
    package func establish() { channel?.triggerUserOutboundEvent(ConnectionEstablished(), promise: nil) }

    /// What ends the connection, whatever is on its way.
    package var disconnect: @Sendable () -> Void { { [channel] in channel?.close(promise: nil) } }
}
