import NIOCore
import NIOEmbedded
import Testing

@testable import HTTPListener

@Suite("Buffers of connections that wait") struct ReadBufferReliefTests {
    @Test(
        "Bytes come through as they are, and what is passed on isn't the buffer of TLS", arguments: [1, 4_096, 16_384])
    func passes(count: Int) throws {
        let channel = EmbeddedChannel(handler: ReadBufferRelief())
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 7) }
        for _ in 0..<3 {
            var buffer = channel.allocator.buffer(capacity: 32 << 10)
            buffer.writeBytes(bytes)
            try channel.writeInbound(buffer)
            let passed = try #require(try channel.readInbound(as: ByteBuffer.self))
            #expect(Array(passed.readableBytesView) == bytes)
        }
        _ = try channel.finish()
    }

    @Test("What is written comes out as it is", arguments: [1, 4_096, 16_384, 100_000])
    func writes(count: Int) throws {
        let channel = EmbeddedChannel(handler: WriteBufferRelief())
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 7) }
        for _ in 0..<3 {
            try channel.writeOutbound(channel.allocator.buffer(bytes: bytes))
            let written = try #require(try channel.readOutbound(as: ByteBuffer.self))
            #expect(Array(written.readableBytesView) == bytes)
        }
        _ = try channel.finish()
    }

    @Test("A buffer whose pages were given back can be written again")
    func writtenAgain() {
        var buffer = ByteBufferAllocator().buffer(capacity: 32 << 10)
        buffer.writeRepeatingByte(9, count: 32 << 10)
        BufferPages.release(buffer)
        // Whole pages are gone; what is left at the ends is as it was.
        #expect(buffer.readableBytesView.allSatisfy { $0 == 9 || $0 == 0 })
        buffer.clear()
        buffer.writeRepeatingByte(7, count: 32 << 10)
        #expect(buffer.readableBytesView.allSatisfy { $0 == 7 })
    }
}
