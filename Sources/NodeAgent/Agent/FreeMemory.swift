import Glibc

/// Gives memory that isn't used any more back to the system: the C library keeps what was freed.
enum FreeMemory {
    static func giveBack() {
        // malloc.h is no part of the module Glibc, and other C libraries haven't this function.
        guard let function = dlsym(nil, "malloc_trim") else { return }
        _ = unsafeBitCast(function, to: (@convention(c) (Int) -> Int32).self)(0)
    }
}
