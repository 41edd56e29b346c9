import Glibc
import NIOCore

/// Stands behind TLS, and gives back what its buffer took for a record.
///
/// NIOSSL keeps a buffer of 32 KB for each connection, and whatever a record filled of it stays in memory: of thousands of
/// agents that have sent one inventory, 16 KB each, while they wait for hours. It has no setting for that. What is passed on from
/// here is a copy, so nobody but TLS refers to the buffer, and TLS has set it back to empty before it passed it on: there's
/// nothing in it that anybody reads again, and its pages may go, the first one too where it's one of ``BufferBlocks``.
package final class ReadBufferRelief: ChannelInboundHandler, RemovableChannelHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer

    package init() {}

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let read = unwrapInboundIn(data)
        let copy = context.channel.allocator.buffer(bytes: read.readableBytesView)
        BufferPages.release(read)
        context.fireChannelRead(wrapInboundOut(copy))
    }
}

/// Stands before TLS, and gives back what its buffer took for an answer.
///
/// NIOSSL keeps the buffer from which it writes, too, and empties it with the next write. What is written is a copy, so nobody
/// reads the buffer again before that.
package final class WriteBufferRelief: ChannelOutboundHandler, RemovableChannelHandler {
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    package init() {}

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let written = unwrapOutboundIn(data)
        let copy = context.channel.allocator.buffer(bytes: written.readableBytesView)
        BufferPages.release(written)
        context.write(wrapOutboundOut(copy), promise: promise)
    }
}

enum BufferPages {
    static let bytes = max(4096, sysconf(Int32(_SC_PAGESIZE)))

    /// Gives the system all pages that lie whole within a buffer whose content nobody needs. They are there again, with
    /// zeros, when they are written to.
    static func release(_ buffer: ByteBuffer) {
        buffer.withVeryUnsafeBytes { content in
            guard let base = content.baseAddress else { return }
            let start = (Int(bitPattern: base) + bytes - 1) / bytes * bytes
            let end = (Int(bitPattern: base) + content.count) / bytes * bytes
            guard end > start, let first = UnsafeMutableRawPointer(bitPattern: start) else { return }
            madvise(first, end - start, Int32(MADV_DONTNEED))
        }
    }
}
