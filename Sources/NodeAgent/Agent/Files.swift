import Glibc

/// The few file operations that the agent needs.
enum Files {
    /// What the kernel said.
    struct Failure: Error, Equatable, CustomStringConvertible {
        let code: Int32
        init(_ code: Int32) { self.code = code }
        var description: String { String(cString: strerror(code)) }
    }

    /// The whole file. Tokens, certificates and secrets are small; anything above `limit` bytes is refused.
    static func read(_ path: String, limit: Int = 4 << 20) -> Result<[UInt8], Failure> {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return .failure(Failure(errno)) }
        defer { close(file) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = Glibc.read(file, &chunk, chunk.count)
            if count == 0 { return .success(content) }
            if count < 0 {
                if errno == EINTR { continue }
                return .failure(Failure(errno))
            }
            content += chunk[..<count]
            guard content.count <= limit else { return .failure(Failure(EFBIG)) }
        }
    }

    static func write(_ path: String, _ content: [UInt8], mode: mode_t) -> Result<Void, Failure> {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard file >= 0 else { return .failure(Failure(errno)) }
        defer { close(file) }
        var rest = content[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                return .failure(Failure(errno))
            }
            rest = rest.dropFirst(count)
        }
        // The mode that open() was given has lost the bits of the umask.
        return fchmod(file, mode) == 0 ? .success(()) : .failure(Failure(errno))
    }

    /// The names in a folder, sorted, without those that begin with a dot.
    static func names(in directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }
}
