import Glibc

/// File systems that hand files to several machines. SQLite's write-ahead log needs memory shared by all users of the
/// file, which no network gives: the database would be corrupted in silence (https://www.sqlite.org/wal.html).
enum NetworkFileSystem {
    /// Types as the kernel names them.
    static let types: Set<String> = [
        "9p", "acfs", "afs", "beegfs", "ceph", "cifs", "coda", "fuse", "gfs2", "gpfs", "lustre", "ncpfs", "nfs", "nfs4",
        "ocfs2", "orangefs", "prl_fs", "smb2", "smb3", "smbfs", "vboxsf", "virtiofs",
    ]

    /// Whether a file system of that type may be on another machine.
    ///
    /// FUSE (`fuse.glusterfs`, `fuse.juicefs`) is taken to be: most of what is mounted by it in clusters is, and the
    /// kernel doesn't tell which isn't. `fuseblk` is on a block device, hence local.
    static func refuses(_ type: String) -> Bool {
        types.contains(type) || type.hasPrefix("fuse.")
    }

    /// The type of the file system that holds a path. Nil when the system doesn't tell.
    static func type(of path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        guard let mounts = contents("/proc/self/mountinfo") else { return nil }
        return type(of: String(cString: resolved), mountInfo: mounts)
    }

    /// Finds the mount that a path without symbolic links lies on: the longest mount point that leads to it, and of
    /// equal ones the last, which covers the others. The text's form is that of proc(5), `/proc/pid/mountinfo`.
    static func type(of path: String, mountInfo: String) -> String? {
        var best: (length: Int, type: String)?
        for line in mountInfo.split(separator: "\n") {
            let fields = line.split(separator: " ")
            // Optional fields stand between the sixth one and the hyphen.
            guard fields.count > 6, let hyphen = fields[6...].firstIndex(of: "-"), fields.count > hyphen + 1
            else { continue }
            let point = unescaped(fields[4])
            guard point == "/" || path == point || path.hasPrefix(point + "/") else { continue }
            if point.utf8.count >= best?.length ?? 0 { best = (point.utf8.count, String(fields[hyphen + 1])) }
        }
        return best?.type
    }

    /// Space, tab, newline and backslash are written as a backslash and three octal digits.
    private static func unescaped(_ text: Substring) -> String {
        guard text.contains("\\") else { return String(text) }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8) {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A file of the kernel's, whose size isn't known before.
    private static func contents(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count <= 0 { return count == 0 ? String(decoding: bytes, as: UTF8.self) : nil }
            bytes += buffer[..<count]
        }
    }
}
