import Glibc
import NIOCore
import Testing

@testable import HTTPListener

@Suite("Blocks for large buffers") struct BufferBlocksTests {
    @Test("A block that is given back is in memory no more, and is had again")
    func again() throws {
        let blocks = BufferBlocks(count: 3)
        let first = try #require(blocks.allocate(BufferBlocks.smallest))
        #expect(blocks.holds(first))
        #expect(blocks.taken == 1)
        memset(first, 7, BufferBlocks.bytes)
        #expect(Resident.bytes(first, BufferBlocks.bytes) == BufferBlocks.bytes)
        blocks.deallocate(first)
        #expect(blocks.taken == 0)
        #expect(Resident.bytes(first, BufferBlocks.bytes) == 0)
        // Nothing of what was in it is seen by who comes next.
        let next = try #require(blocks.allocate(BufferBlocks.bytes))
        #expect(next == first)
        #expect(UnsafeRawBufferPointer(start: next, count: BufferBlocks.bytes).allSatisfy { $0 == 0 })
    }

    @Test("What is small or larger than a block, and what comes when all are taken, is the C library's")
    func others() throws {
        let blocks = BufferBlocks(count: 2)
        for size in [1, BufferBlocks.smallest - 1, BufferBlocks.bytes + 1] {
            let other = try #require(blocks.allocate(size))
            #expect(!blocks.holds(other))
            blocks.deallocate(other)
        }
        let taken = try (0..<2).map { _ in try #require(blocks.allocate(BufferBlocks.bytes)) }
        #expect(Set(taken).count == 2)
        let third = try #require(blocks.allocate(BufferBlocks.bytes))
        #expect(!blocks.holds(third))
        memset(third, 1, BufferBlocks.bytes)
        blocks.deallocate(third)
        taken.forEach(blocks.deallocate)
        #expect(blocks.taken == 0)
    }

    @Test("A buffer that grows keeps its content, within a block and beyond it")
    func grows() throws {
        let blocks = BufferBlocks(count: 1)
        let block = try #require(blocks.allocate(BufferBlocks.smallest))
        memset(block, 5, BufferBlocks.smallest)
        #expect(blocks.reallocate(block, BufferBlocks.smallest, BufferBlocks.bytes) == block)
        let beyond = try #require(blocks.reallocate(block, BufferBlocks.bytes, 4 * BufferBlocks.bytes))
        #expect(!blocks.holds(beyond))
        #expect(blocks.taken == 0)
        #expect(
            UnsafeRawBufferPointer(start: beyond, count: BufferBlocks.smallest).allSatisfy { $0 == 5 })
        let further = try #require(blocks.reallocate(beyond, 4 * BufferBlocks.bytes, 8 * BufferBlocks.bytes))
        blocks.deallocate(further)
    }

    @Test("Many threads never have the same block")
    func threads() async {
        let blocks = BufferBlocks(count: 1_000)
        await withTaskGroup(of: Bool.self) { group in
            for mark in UInt8(1)...8 {
                group.addTask {
                    for _ in 0..<200 {
                        let mine = (0..<20).compactMap { _ in blocks.allocate(BufferBlocks.bytes) }
                        for each in mine { memset(each, Int32(mark), 64) }
                        let isMine = mine.allSatisfy {
                            UnsafeRawBufferPointer(start: $0, count: 64).allSatisfy { $0 == mark }
                        }
                        mine.forEach(blocks.deallocate)
                        guard isMine, mine.count == 20 else { return false }
                    }
                    return true
                }
            }
            for await isRight in group { #expect(isRight) }
        }
        #expect(blocks.taken == 0)
    }

    @Test("A large buffer of a channel is a block, and grows out of it")
    func channel() {
        var buffer = BufferBlocks.allocator.buffer(capacity: 16 << 10)
        #expect(Self.isBlock(buffer))
        buffer.writeRepeatingByte(3, count: 200_000)
        #expect(!Self.isBlock(buffer))
        #expect(buffer.readableBytesView.allSatisfy { $0 == 3 })
        #expect(!Self.isBlock(BufferBlocks.allocator.buffer(bytes: [1, 2, 3])))
    }

    private static func isBlock(_ buffer: ByteBuffer) -> Bool {
        buffer.withVeryUnsafeBytes { $0.baseAddress.map(BufferBlocks.shared.holds) ?? false }
    }
}
