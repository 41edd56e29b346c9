import FoundationEssentials
import Glibc
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
    /// After so long a start is over; and how often code is unmapped again that only some question needed meanwhile.
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

    /// Unmaps all code. What is used is mapped again from the file, most of it without reading it.
    ///
    /// A start uses much that nobody needs afterwards, and with each page the kernel maps 64 KiB: of 31 MB of code that a
    /// coordinator with little to do has in memory, 6 MB are used in a minute.
    static func giveBackCode() {
        guard let maps = try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8) else { return }
        for line in maps.split(separator: "\n") {
            let columns = line.split(separator: " ", maxSplits: 5)
            // Code is never written to, so nothing but the file's content is in there.
            guard columns.count == 6, columns[1] == "r-xp", columns[5].contains("/") else { continue }
            let ends = columns[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            guard ends.count == 2, ends[0] < ends[1], let start = UnsafeMutableRawPointer(bitPattern: ends[0]) else {
                continue
            }
            madvise(start, Int(ends[1] - ends[0]), Int32(MADV_DONTNEED))
        }
    }

    /// Gives back again and again, until cancelled.
    package static func run() async {
        var plan = Plan()
        var codeDue = ContinuousClock.now + codeAge
        while !Task.isCancelled {
            try? await Task.sleep(for: look)
            if ContinuousClock.now >= codeDue {
                giveBackCode()
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
