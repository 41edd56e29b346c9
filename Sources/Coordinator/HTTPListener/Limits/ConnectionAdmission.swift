import NIOCore

/// Somebody known asks on this connection.
package struct ConnectionEstablished: Sendable {
    package init() {}
}

/// The first handler of a connection: closes it when there are too many.
package final class ConnectionAdmission: ChannelInboundHandler, RemovableChannelHandler {
    package typealias InboundIn = ByteBuffer

    private enum State {
        case new, stranger, established, ended
    }

    private let limiter: ConnectionLimiter
    private var state = State.new
    private var address = ""

    package init(_ limiter: ConnectionLimiter) { self.limiter = limiter }

    package func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { admit(context) }
    }

    package func channelActive(context: ChannelHandlerContext) {
        admit(context)
        context.fireChannelActive()
    }

    package func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    package func handlerRemoved(context: ChannelHandlerContext) { end() }

    /// The stranger is known now.
    func establish() {
        guard state == .stranger else { return }
        state = .established
        limiter.establish(address)
    }

    private func admit(_ context: ChannelHandlerContext) {
        guard state == .new else { return }
        address = context.remoteAddress?.ipAddress ?? ""
        guard limiter.admit(address) else {
            state = .ended
            return context.close(promise: nil)
        }
        state = .stranger
    }

    private func end() {
        if state == .stranger || state == .established {
            limiter.close(address, isEstablished: state == .established)
        }
        state = .ended
    }
}
