import Foundation
import Glibc

/// The database's files on disk, as seen without SQLite.
package struct HistoryFile: Sendable {
    /// "IPhi": SQLite's application id of our files, so that we never write into somebody else's database.
    static let applicationID: UInt32 = 0x4950_6869

    package var path: String

    package init(path: String) {
        self.path = path
    }

    enum Content: Equatable {
        case absent
        case ours
        /// A SQLite database of another program, with its application id.
        case foreign(UInt32)
        case notSQLite
    }

    var directory: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// What the file's first bytes say (https://www.sqlite.org/fileformat.html, section 1.3).
    ///
    /// To be called only while SQLite doesn't have the file open in this process: closing the descriptor drops all
    /// POSIX locks of the process on the file.
    func content() throws(HistoryError) -> Content {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return .absent }
            throw HistoryError(errno: errno, path: path, call: "open")
        }
        defer { close(descriptor) }
        var header = [UInt8](repeating: 0, count: 100)
        let count = read(descriptor, &header, header.count)
        guard count >= 0 else { throw HistoryError(errno: errno, path: path, call: "read") }
        if count == 0 { return .absent }
        guard count == header.count, header.starts(with: Array("SQLite format 3\0".utf8)) else { return .notSQLite }
        let id = header[68..<72].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return id == Self.applicationID ? .ours : .foreign(id)
    }

    /// Renames the database with its log to `<name>.corrupt-<time>`, out of the way of a new one; answers that name.
    func setAside(at time: Int64) throws(HistoryError) -> String {
        let base = "\(path).corrupt-\(Self.stamp(time))"
        var target = base
        var count = 1
        while access(target, F_OK) == 0 {
            count += 1
            target = "\(base)-\(count)"
        }
        for suffix in ["", "-wal", "-shm"] where access(path + suffix, F_OK) == 0 {
            guard rename(path + suffix, target + suffix) == 0 else {
                throw HistoryError(errno: errno, path: path, call: "rename to \(target)\(suffix)")
            }
        }
        return target
    }

    /// Where a copy for a download is made: a name that nothing has, and that ``removeLeftovers()`` knows.
    package func newDownload() -> String { "\(path).\(UInt64.random(in: 0..<UInt64.max)).download" }

    /// Removes copies for downloads that a run which was killed left behind: each is as large as the database.
    ///
    /// To be called under the database's lock: nobody else makes copies then.
    func removeLeftovers() {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        // What can't be listed or removed stays: that is no reason to go without history.
        for file in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [] {
            guard file.hasPrefix(name + ".") else { continue }
            let rest = file.dropFirst(name.count + 1)
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            let ending = rest.dropFirst(digits.count)
            guard !digits.isEmpty, ending == ".download" || ending.hasPrefix(".download.partial") else { continue }
            unlink("\(directory)/\(file)")
        }
    }

    /// Bytes on disk: the database and its log.
    package func bytes() -> Int64 {
        ["", "-wal"].reduce(into: 0) { sum, suffix in
            let attributes = try? FileManager.default.attributesOfItem(atPath: path + suffix)
            if let size = attributes?[.size] as? NSNumber { sum += size.int64Value }
        }
    }

    /// A time in a file's name, UTC: `20260131T235959Z`.
    static func stamp(_ milliseconds: Int64) -> String {
        var seconds = time_t(milliseconds / 1000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let numbers = [
            (parts.tm_year + 1900, 4), (parts.tm_mon + 1, 2), (parts.tm_mday, 2), (parts.tm_hour, 2),
            (parts.tm_min, 2), (parts.tm_sec, 2),
        ].map { value, width in
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return numbers[..<3].joined() + "T" + numbers[3...].joined() + "Z"
    }
}
