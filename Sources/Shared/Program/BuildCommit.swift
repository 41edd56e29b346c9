import Glibc

/// The commit that the running program was built from, as the image's build wrote it into the file `commit` beside it.
///
/// A file and not a generated source: the same programs can be put into an image without compiling them again.
public enum BuildCommit {
    /// What `--version` prints: `coordinator 0.1.0 (4f2a91c03d5e)`.
    public static func version(_ program: String, _ number: String) -> String {
        "\(program) \(number) (\(text ?? "commit unknown"))"
    }

    /// Nil outside of an image.
    public static var text: String? { ownFolder().flatMap { read($0 + "/commit") } }

    /// The first line of a commit's file; nil for anything that can't be one.
    static func read(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 128)
        let count = Glibc.read(file, &buffer, buffer.count)
        guard count > 0, let line = buffer[..<count].split(separator: UInt8(ascii: "\n")).first else { return nil }
        let text = String(decoding: line, as: UTF8.self)
        let isCommit = text.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
            default: false
            }
        }
        return isCommit && !text.isEmpty ? text : nil
    }

    private static func ownFolder() -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0 else { return nil }
        let path = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
        return path.lastIndex(of: "/").map { String(path[..<$0]) }
    }
}
