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

    /// Whether the client is still there.
    package var isOpen: Bool { channel?.isActive ?? true }

    /// Returns when the connection has taken what was written before: writing is told to wait only when that is done.
    package func settle() async {
        guard let channel else { return }
        // A connection that has ended takes nothing, and whoever writes next is told so.
        try? await channel.eventLoop.submit {}.get()
    }
}
