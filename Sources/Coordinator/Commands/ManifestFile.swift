import ConfigurationParsing
import Foundation

/// The manifest that a command was given: a file, or standard input for `-`.
enum ManifestFile {
    /// Manifests of a whole cluster stay below it; a ConfigMap holds 1 MiB at most. Reading one of 30 MB would take minutes.
    static let mostBytes = 8 << 20

    /// - Throws: ``ManifestFileError``.
    static func text(_ file: String) throws(ManifestFileError) -> String {
        let data = try data(file, upTo: mostBytes + 1)
        guard data.count <= mostBytes else {
            throw ManifestFileError(
                message: "the file has more than \(mostBytes >> 20) MiB, and a ConfigMap holds at most 1 MiB",
                nextStep: "give the manifest of the ConfigMap or the object alone")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw ManifestFileError(message: "the file is no UTF-8 text", nextStep: "give a manifest in YAML or JSON")
        }
        return text
    }

    /// The bytes alone, of any file.
    ///
    /// - Parameter most: no more are read, so that a device or a pipe that doesn't end is noticed.
    /// - Throws: ``ManifestFileError``.
    static func data(_ file: String, upTo most: Int? = nil) throws(ManifestFileError) -> Data {
        do {
            let handle =
                file == "-" ? FileHandle.standardInput : try FileHandle(forReadingFrom: URL(fileURLWithPath: file))
            let bytes = if let most { try handle.read(upToCount: most) } else { try handle.readToEnd() }
            return bytes ?? Data()
        } catch {
            throw ManifestFileError(message: "the file can't be read", nextStep: "check that it exists and may be read")
        }
    }
}
