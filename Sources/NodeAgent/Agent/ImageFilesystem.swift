import Glibc
import Shared

/// Size and free space of the file system of the images.
enum ImageFilesystem {
    /// A few numbers need no more.
    private static let maximumBytes = 256

    /// - Parameter path: lies on that file system; a regular file says its size instead, where `statvfs` can't: as
    ///   decimal numbers, capacity and free bytes.
    /// - Returns: nil when the path can't be asked. Free is what the kubelet counts as available.
    static func measure(_ path: String) -> WireImageFilesystem? {
        var kind = stat()
        guard stat(path, &kind) == 0 else { return nil }
        return kind.st_mode & S_IFMT == S_IFREG ? read(path) : ask(path)
    }

    private static func ask(_ path: String) -> WireImageFilesystem? {
        var numbers = statvfs()
        guard statvfs(path, &numbers) == 0 else { return nil }
        var filesystem = WireImageFilesystem()
        filesystem.capacityBytes = UInt64(numbers.f_blocks) * UInt64(numbers.f_frsize)
        filesystem.freeBytes = UInt64(numbers.f_bavail) * UInt64(numbers.f_frsize)
        return filesystem
    }

    private static func read(_ path: String) -> WireImageFilesystem? {
        guard case .success(let bytes) = Files.read(path, limit: maximumBytes) else { return nil }
        let numbers = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard numbers.count == 2, let capacity = UInt64(numbers[0]), let free = UInt64(numbers[1]), free <= capacity
        else { return nil }
        var filesystem = WireImageFilesystem()
        filesystem.capacityBytes = capacity
        filesystem.freeBytes = free
        return filesystem
    }
}
