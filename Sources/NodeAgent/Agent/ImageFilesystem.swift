import Glibc
import Shared

/// Size and free space of the file system that a path lies on.
enum ImageFilesystem {
    /// Nil when the path can't be asked. Free is what the kubelet counts as available.
    static func measure(_ path: String) -> WireImageFilesystem? {
        var numbers = statvfs()
        guard statvfs(path, &numbers) == 0 else { return nil }
        var filesystem = WireImageFilesystem()
        filesystem.capacityBytes = UInt64(numbers.f_blocks) * UInt64(numbers.f_frsize)
        filesystem.freeBytes = UInt64(numbers.f_bavail) * UInt64(numbers.f_frsize)
        return filesystem
    }
}
