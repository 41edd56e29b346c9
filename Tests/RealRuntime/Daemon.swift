import Glibc
import Synchronization

/// A program that runs beside the test, with its output in a file.
public final class Daemon: Sendable {
    public let name: String
    public let pid: pid_t
    /// Where its output goes.
    public let log: String
    private let status = Mutex<Int32?>(nil)

    /// Starts a program, found by `PATH`.
    ///
    /// - Parameter environment: the whole environment; nil: the test's own.
    public init(
        _ program: String, _ arguments: [String], environment: [String: String]? = nil, log: String
    ) throws {
        name = program
        self.log = log
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        // A listening socket of another test, held open by a daemon, would keep its port taken.
        // Closing what isn't open is no error here.
        for descriptor in (STDERR_FILENO + 1)..<1_024 { posix_spawn_file_actions_addclose(&actions, descriptor) }
        // A group of its own, so that a Ctrl-C is the test's alone; no signal blocked or ignored from here.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))
        var child: pid_t = 0
        let result = Self.withCStrings([program] + arguments) { argv in
            guard let environment else { return posix_spawnp(&child, program, &actions, &attributes, argv, environ) }
            return Self.withCStrings(environment.map { "\($0)=\($1)" }) { envp in
                posix_spawnp(&child, program, &actions, &attributes, argv, envp)
            }
        }
        guard result == 0 else {
            throw RealRuntimeError("\(program) can't be started: \(String(cString: strerror(result)))")
        }
        pid = child
    }

    deinit {
        guard status.withLock({ $0 }) == nil else { return }
        kill(pid, SIGKILL)
        var ignored: Int32 = 0
        waitpid(pid, &ignored, 0)
    }

    /// Nil while it runs; else its exit status, or 128 and the signal's number.
    public func exitStatus() -> Int32? {
        status.withLock { status in
            if let status { return status }
            var code: Int32 = 0
            guard waitpid(pid, &code, WNOHANG) == pid else { return nil }
            let signal = code & 0x7F
            status = signal == 0 ? (code >> 8) & 0xFF : 128 + signal
            return status
        }
    }

    /// Sends a signal, if it still runs.
    public func signal(_ number: Int32) {
        if exitStatus() == nil { kill(pid, number) }
    }

    /// Waits for its end; returns the exit status.
    public func end(within time: Duration = .seconds(30)) async throws -> Int32 {
        let deadline = ContinuousClock.now + time
        while ContinuousClock.now < deadline {
            if let status = exitStatus() { return status }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw RealRuntimeError("\(name) didn't end within \(time)")
    }

    /// Ends it: with SIGTERM, and when that doesn't help with SIGKILL.
    @discardableResult
    public func stop() async -> Int32? {
        signal(SIGTERM)
        if let status = try? await end(within: .seconds(15)) { return status }
        signal(SIGKILL)
        return try? await end(within: .seconds(5))
    }

    /// What it has written so far.
    public func output() -> String { (try? TextFile.read(log)) ?? "" }

    private static func withCStrings<Result>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let pointers = strings.map { strdup($0) }
        defer { pointers.forEach { free($0) } }
        return body(pointers + [nil])
    }
}
