import Glibc

/// How many files and sockets this process may have open.
package enum OpenFiles {
    /// Every agent has a connection; the usual soft limit of 1,024 is for programs that use `select`.
    static let wanted = 65_536

    /// Raises the limit as far as it's allowed.
    ///
    /// - Returns: the limit in force.
    @discardableResult
    package static func raise() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        let target = min(limit.rlim_max, rlim_t(wanted))
        if limit.rlim_cur < target {
            var raised = limit
            raised.rlim_cur = target
            if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
        }
        return Int(min(limit.rlim_cur, rlim_t(Int32.max)))
    }
}
