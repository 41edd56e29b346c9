import Foundation
import Glibc

/// What the kernel says of this process.
package enum ProcessMetrics {
    /// Figures that can't be read are left out.
    package static func families() -> [MetricFamily] {
        var families: [MetricFamily] = []
        if let status {
            let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
            families.append(MetricFamily(MetricCatalogue.Process.cpu, Double(status.ticks) / ticks))
            families.append(MetricFamily(MetricCatalogue.Process.threads, status.threads))
            families.append(MetricFamily(MetricCatalogue.Process.virtual, status.virtualBytes))
            families.append(MetricFamily(MetricCatalogue.Process.resident, status.residentBytes))
            if let machineStart {
                families.append(
                    MetricFamily(
                        MetricCatalogue.Process.start, Double(machineStart) + Double(status.startTicks) / ticks))
            }
        }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            families.append(MetricFamily(MetricCatalogue.Process.maximumFiles, Double(limit.rlim_cur)))
        }
        if let count = openFiles() { families.append(MetricFamily(MetricCatalogue.Process.openFiles, count)) }
        return families
    }

    package struct Status: Equatable {
        /// User and system time, in clock ticks.
        var ticks: UInt64
        var threads: UInt64
        /// Since the machine's start, in clock ticks.
        var startTicks: UInt64
        var virtualBytes: UInt64
        var residentPages: UInt64

        package var residentBytes: UInt64 { residentPages * UInt64(sysconf(Int32(_SC_PAGESIZE))) }
    }

    /// As it is now; nil when it can't be read.
    package static var status: Status? { stat(of: read("/proc/self/stat")) }

    /// It doesn't change, and the file tells of each processor and interrupt.
    private static let machineStart = bootTime(read("/proc/stat"))

    /// proc(5), `/proc/[pid]/stat`. The command's name, in parentheses, may hold anything.
    static func stat(of text: String) -> Status? {
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(whereSeparator: \.isWhitespace).map { UInt64($0) }
        // The first field here is the third of the manual's.
        guard fields.count > 21, let user = fields[11], let system = fields[12], let threads = fields[17],
            let start = fields[19], let virtual = fields[20], let resident = fields[21]
        else { return nil }
        return Status(
            ticks: user + system, threads: threads, startTicks: start, virtualBytes: virtual, residentPages: resident)
    }

    /// Seconds since 1970.
    static func bootTime(_ text: String) -> UInt64? {
        text.split(separator: "\n").first { $0.hasPrefix("btime ") }.flatMap { UInt64($0.dropFirst("btime ".count)) }
    }

    private static func openFiles() -> Int? {
        // Linux 6.2 and later count them; looking at each takes milliseconds with thousands of agents.
        let attributes = try? FileManager.default.attributesOfItem(atPath: "/proc/self/fd")
        if let size = attributes?[.size] as? NSNumber, size.intValue > 0 { return size.intValue }
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count = 0
        while let entry = readdir(folder) {
            if entry.pointee.d_name.0 != CChar(UInt8(ascii: ".")) { count += 1 }
        }
        return max(0, count - 1)  // this folder's own
    }

    private static func read(_ path: String) -> String {
        guard let file = fopen(path, "re") else { return "" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
