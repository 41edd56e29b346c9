import Glibc

/// This program's code as the kernel has mapped it.
package enum MappedCode {
    /// Unmaps all code. What is used is mapped again from the file, most of it without reading it.
    ///
    /// A start uses much that nobody needs afterwards, and with each page the kernel maps 64 KiB. Where the functions that go
    /// on being called lie side by side (`scripts/ordering`), little of it comes back.
    package static func giveBack() {
        guard let maps = fopen("/proc/self/maps", "re") else { return }
        defer { fclose(maps) }
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        while getline(&line, &capacity, maps) > 0, let line {
            guard let range = range(String(cString: line)) else { continue }
            madvise(UnsafeMutableRawPointer(bitPattern: range.lowerBound), range.count, Int32(MADV_DONTNEED))
        }
    }

    /// The addresses of a line of `/proc/self/maps` that tells of code from a file.
    private static func range(_ line: String) -> Range<UInt>? {
        let columns = line.split(separator: " ", maxSplits: 5)
        // Code is never written to, so nothing but the file's content is in there.
        guard columns.count == 6, columns[1] == "r-xp", columns[5].contains("/") else { return nil }
        let ends = columns[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
        return ends.count == 2 && ends[0] < ends[1] ? ends[0]..<ends[1] : nil
    }
}
