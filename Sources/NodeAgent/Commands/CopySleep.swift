import Glibc

/// Copies the `sleep` that lies beside this program into a folder that the sleep containers mount.
struct CopySleep {
    let directory: String

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The copy appears whole or not at all: a container may start while an older one's init container runs again.
    func run() throws(Failure) {
        let source = try Self.ownDirectory() + "/sleep"
        let program = try Self.check(Files.read(source), "can't read \(source)", "the image is built without it")
        let target = directory + "/sleep"
        let temporary = directory + "/.sleep.\(getpid())"
        try Self.check(
            Files.write(temporary, program, mode: 0o755), "can't write \(temporary)",
            "the folder must exist and be writable")
        guard rename(temporary, target) == 0 else {
            let reason = Files.Failure(errno)
            unlink(temporary)
            throw Failure(description: "can't rename \(temporary) to \(target): \(reason)")
        }
    }

    @discardableResult
    private static func check<Value>(
        _ result: Result<Value, Files.Failure>, _ what: String, _ hint: String
    ) throws(Failure) -> Value {
        switch result {
        case .success(let value): return value
        case .failure(let reason): throw Failure(description: "\(what): \(reason); \(hint)")
        }
    }

    private static func ownDirectory() throws(Failure) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0 else { throw Failure(description: "can't read /proc/self/exe: \(Files.Failure(errno))") }
        let path = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
        return String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
    }
}
