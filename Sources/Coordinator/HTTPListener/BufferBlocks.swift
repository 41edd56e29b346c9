import Glibc
@_spi(CustomByteBufferAllocator) import NIOCore
import Synchronization

/// Memory for large buffers: blocks of whole pages, of which nothing is kept when nobody needs what is in them.
///
/// NIOSSL takes a buffer of 32 KB and one of 16 KB for each connection, for as long as it's there. The C library puts a head of
/// sixteen bytes before each block, so a page of each would stay in memory for that, 8 KB for each agent that waits. Here what
/// there is to know of a block lies elsewhere. A block that nobody has takes address space alone.
package final class BufferBlocks: Sendable {
    /// Two for each of the connections that ``ServerLimits`` allows. When there are no more, the C library's are used.
    static let shared = BufferBlocks(count: 65_536)

    /// For channels. Its functions are C's, so they capture nothing.
    package static let allocator = ByteBufferAllocator(
        allocate: { BufferBlocks.shared.allocate($0) },
        reallocate: { BufferBlocks.shared.reallocate($0, $1, $2) },
        deallocate: { BufferBlocks.shared.deallocate($0) },
        copy: { $0.copyMemory(from: $1, byteCount: $2) })

    /// Buffers of fewer bytes are the C library's.
    static let smallest = 16 << 10
    /// Of each block, in whole pages. What isn't written to isn't there, so one size does for both buffers.
    static let bytes = max(32 << 10, BufferPages.bytes)

    private struct State {
        /// Numbers of blocks that were used and are free again.
        var free: [UInt32] = []
        /// Blocks that were used at some time; the next ones in order never were.
        var used = 0
        /// Blocks that may be written to.
        var writable = 0
    }

    private let base: UInt
    private let count: Int
    private let state = Mutex(State())

    /// - Parameter count: of all blocks that there can be. Nothing is taken but address space.
    init(count: Int) {
        let size = count * Self.bytes
        let region = mmap(nil, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let region, region != MAP_FAILED else {
            (base, self.count) = (0, 0)
            return
        }
        // Else a byte in one block can bring 2 MB of others into memory.
        madvise(region, size, Int32(MADV_NOHUGEPAGE))
        (base, self.count) = (UInt(bitPattern: region), count)
    }

    deinit {
        if let region = UnsafeMutableRawPointer(bitPattern: base) { munmap(region, count * Self.bytes) }
    }

    /// Blocks that somebody has.
    var taken: Int { state.withLock { $0.used - $0.free.count } }

    func holds(_ pointer: UnsafeRawPointer) -> Bool {
        let address = UInt(bitPattern: pointer)
        return address >= base && address < base + UInt(count * Self.bytes)
    }

    func allocate(_ size: Int) -> UnsafeMutableRawPointer? {
        guard size >= Self.smallest, size <= Self.bytes, let block = take() else { return malloc(size) }
        return block
    }

    func reallocate(_ pointer: UnsafeMutableRawPointer?, _ old: Int, _ new: Int) -> UnsafeMutableRawPointer? {
        guard let pointer, holds(pointer) else { return realloc(pointer, new) }
        if new <= Self.bytes { return pointer }
        guard let moved = malloc(new) else { return nil }
        moved.copyMemory(from: pointer, byteCount: min(old, new))
        give(pointer)
        return moved
    }

    func deallocate(_ pointer: UnsafeMutableRawPointer) {
        if holds(pointer) { give(pointer) } else { free(pointer) }
    }

    private func take() -> UnsafeMutableRawPointer? {
        let number = state.withLock { state -> Int? in
            if let number = state.free.popLast() { return Int(number) }
            guard state.used < count, state.used < state.writable || extend(&state) else { return nil }
            defer { state.used += 1 }
            return state.used
        }
        return number.flatMap { UnsafeMutableRawPointer(bitPattern: base + UInt($0 * Self.bytes)) }
    }

    private func give(_ pointer: UnsafeMutableRawPointer) {
        madvise(pointer, Self.bytes, Int32(MADV_DONTNEED))
        let number = UInt32((UInt(bitPattern: pointer) - base) / UInt(Self.bytes))
        state.withLock { $0.free.append(number) }
    }

    /// Lets some more blocks be written to. A system that promises no more memory than it has refuses it at some time.
    private func extend(_ state: inout State) -> Bool {
        let more = min(Self.step, count - state.writable)
        let start = UnsafeMutableRawPointer(bitPattern: base + UInt(state.writable * Self.bytes))
        guard more > 0, mprotect(start, more * Self.bytes, PROT_READ | PROT_WRITE) == 0 else { return false }
        state.writable += more
        return true
    }

    private static let step = 256
}
