import ConfigurationParsing
import Foundation

/// The manifest that a command was given: a file, or standard input for `-`.
enum ManifestFile {
    /// - Throws: ``ManifestFileError``.
    static func text(_ file: String) throws(ManifestFileError) -> String {
        let data = try data(file)
        guard let text = String(data: data, encoding: .utf8) else {
            throw ManifestFileError(message: "the file is no UTF-8 text", nextStep: "give a manifest in YAML or JSON")
        }
        return text
    }

    /// The bytes alone, of any file.
    ///
    /// - Throws: ``ManifestFileError``.
    static func data(_ file: String) throws(ManifestFileError) -> Data {
        do {
            return file == "-"
                ? try FileHandle.standardInput.readToEnd() ?? Data() : try Data(contentsOf: URL(fileURLWithPath: file))
        } catch {
            throw ManifestFileError(message: "the file can't be read", nextStep: "check that it exists and may be read")
        }
    }
}
