import Glibc

/// The few numbers and messages of the C library that history's files need, so that nobody else imports it.
package enum SystemCall {
    static let noSpace = ENOSPC
    static let quotaExceeded = EDQUOT
    static let readOnlyFileSystem = EROFS
    static let accessDenied = EACCES
    static let notPermitted = EPERM
    static let noEntry = ENOENT
    static let notADirectory = ENOTDIR
    static let wouldBlock = EWOULDBLOCK
    static let inputOutput = EIO

    /// The system's words for an error number.
    package static func message(_ code: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        // glibc's strerror_r is the XSI one here: it fills the buffer.
        guard strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
