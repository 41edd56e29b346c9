import FoundationEssentials
import Glibc
import Shared
import Telemetry

/// Gives memory that isn't used any more back to the system.
///
/// The C library keeps what was freed: what a flood of connections or a list of thousands of pods took would stay with
/// the process for good.
package enum FreeMemory {
    /// Giving back looks at all free memory, which takes some 10 ms in a process of 500 MB: it is done so often, and
    /// whenever the process has grown much since.
    static let interval = Duration.seconds(5)
    static let look = Duration.seconds(1)
    /// After so long a start is over; and how often code is unmapped again that only some question needed meanwhile. Of 31 MB of
    /// code that a coordinator with little to do has in memory, 6 MB are used in a minute.
    static let codeAge = Duration.seconds(60)
    static let codeInterval = Duration.seconds(3600)
    /// Pools of free memory. The C library makes up to eight for each core, and what is free in one is none of the
    /// others'.
    private static let pools: Int32 = 2
    /// Blocks of so many bytes are the system's, not a pool's: TLS takes 32 and 16 KB for each connection and uses a
    /// quarter, and what isn't used isn't there. The C library by itself finds a threshold of up to 32 MB.
    private static let largeBlock: Int32 = 16_000
    /// `M_ARENA_MAX` and `M_MMAP_THRESHOLD` of malloc.h.
    private static let arenaMaximum: Int32 = -8
    private static let mapThreshold: Int32 = -3

    /// To be called before there are threads.
    package static func beThrifty() {
        guard let function = find("mallopt") else { return }
        let set = unsafeBitCast(function, to: (@convention(c) (Int32, Int32) -> Int32).self)
        _ = set(arenaMaximum, pools)
        _ = set(mapThreshold, largeBlock)
    }

    static func giveBack() {
        guard let function = find("malloc_trim") else { return }
        _ = unsafeBitCast(function, to: (@convention(c) (Int) -> Int32).self)(0)
    }

    /// Gives back again and again, until cancelled.
    package static func run() async {
        var plan = Plan()
        var codeDue = ContinuousClock.now + codeAge
        while !Task.isCancelled {
            try? await Task.sleep(for: look)
            if ContinuousClock.now >= codeDue {
                MappedCode.giveBack()
                codeDue = .now + codeInterval
            }
            guard plan.isDue(resident: ProcessMetrics.status?.residentBytes ?? 0, at: .now) else { continue }
            giveBack()
            plan.gaveBack(resident: ProcessMetrics.status?.residentBytes ?? 0, at: .now)
        }
    }

    /// When it's worth it.
    struct Plan {
        private var last: (resident: UInt64, at: ContinuousClock.Instant)?

        /// - Parameter resident: bytes of the process that are in memory.
        func isDue(resident: UInt64, at now: ContinuousClock.Instant) -> Bool {
            guard let last else { return true }
            return resident > last.resident + last.resident / 32 || now >= last.at.advanced(by: FreeMemory.interval)
        }

        mutating func gaveBack(resident: UInt64, at now: ContinuousClock.Instant) { last = (resident, now) }
    }

    /// malloc.h is no part of the module Glibc, and other C libraries haven't these functions.
    private static func find(_ name: String) -> UnsafeMutableRawPointer? { dlsym(nil, name) }
}
