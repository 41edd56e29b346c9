import Glibc

/// A folder for one test, removed with its last reference.
final class Scratch: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/shared-tests-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw RawServerError(code: errno) }
        path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    }

    deinit { _ = system("rm -rf '\(path)'") }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func read(_ name: String) throws -> String {
        guard let file = fopen(file(name), "r") else { throw RawServerError(code: errno) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        while true {
            let byte = getc(file)
            guard byte >= 0 else { break }
            bytes.append(UInt8(byte))
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Runs a shell script in the folder, on a thread of its own: the tests share two or three.
    func run(_ script: String) async throws {
        let command = "cd '\(path)' && ( set -e\n\(script)\n) > script.log 2>&1"
        let status = await withCheckedContinuation { continuation in
            startThread { continuation.resume(returning: system(command)) }
        }
        guard status == 0 else { throw ScriptFailed(log: try read("script.log")) }
    }
}

struct ScriptFailed: Error {
    let log: String
}

/// Changes the environment of the whole process.
func setEnvironment(_ name: String, _ value: String) { setenv(name, value, 1) }
