import Glibc

/// Gives memory that isn't used any more back to the system.
///
/// The C library keeps what was freed: what a flood of connections or a list of thousands of pods took would stay with
/// the process for good.
enum FreeMemory {
    /// Giving back looks at all free memory, which takes milliseconds.
    static let interval = Duration.seconds(30)
    /// Pools of free memory. The C library makes up to eight for each core, and what is free in one is none of the
    /// others'.
    static let pools: Int32 = 2
    /// `M_ARENA_MAX` of malloc.h.
    private static let arenaMaximum: Int32 = -8

    /// To be called before there are threads.
    static func limitPools() {
        guard let function = find("mallopt") else { return }
        _ = unsafeBitCast(function, to: (@convention(c) (Int32, Int32) -> Int32).self)(arenaMaximum, pools)
    }

    static func giveBack() {
        guard let function = find("malloc_trim") else { return }
        _ = unsafeBitCast(function, to: (@convention(c) (Int) -> Int32).self)(0)
    }

    /// Gives back again and again, until cancelled.
    static func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: interval)
            giveBack()
        }
    }

    /// malloc.h is no part of the module Glibc, and other C libraries haven't these functions.
    private static func find(_ name: String) -> UnsafeMutableRawPointer? { dlsym(nil, name) }
}
