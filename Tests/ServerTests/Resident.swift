import Glibc

/// What the kernel says of this process's memory.
enum Resident {
    private static let page = sysconf(Int32(_SC_PAGESIZE))

    /// Of a range that begins with a page: the bytes of its pages that are in memory. -1: it isn't mapped.
    static func bytes(_ start: UnsafeRawPointer, _ count: Int) -> Int {
        var pages = [UInt8](repeating: 0, count: (count + page - 1) / page)
        guard mincore(UnsafeMutableRawPointer(mutating: start), count, &pages) == 0 else { return -1 }
        return pages.filter { $0 & 1 == 1 }.count * page
    }
}
