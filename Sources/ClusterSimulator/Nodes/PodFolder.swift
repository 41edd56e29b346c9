import FoundationEssentials
import Glibc
import Shared

/// The folders that stand for the volumes of one pod.
struct PodFolder: Sendable {
    /// Of the node: host paths lie below it.
    let node: String
    /// The pod's own.
    let path: String
    let files: VolumeFiles

    /// Makes every volume's folder, and fills it.
    ///
    /// - Returns: by the volume's name, its folder.
    func prepare(_ pod: JSONValue) async throws -> [String: String] {
        var folders: [String: String] = [:]
        for volume in pod.at("spec", "volumes")?.arrayValue ?? [] {
            guard let name = volume["name"]?.stringValue else { continue }
            if let host = volume.at("hostPath", "path")?.stringValue {
                folders[name] = node + host
                try FileManager.default.createDirectory(atPath: node + host, withIntermediateDirectories: true)
                continue
            }
            let folder = "\(path)/\(name)"
            folders[name] = folder
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            if let contents = try await files.contents(of: volume, pod: pod) {
                try Self.fill(folder, contents)
            }
        }
        return folders
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }

    /// Brings a folder's files to these contents, each in one step. Only what differs is written.
    static func fill(_ folder: String, _ contents: VolumeContents) throws {
        let manager = FileManager.default
        for (name, bytes) in contents {
            let path = "\(folder)/\(name)"
            guard manager.contents(atPath: path).map(Array.init) != bytes else { continue }
            if name.contains("/") {
                try manager.createDirectory(
                    atPath: String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]),
                    withIntermediateDirectories: true)
            }
            try Data(bytes).write(to: URL(filePath: path + ".new"))
            chmod(path + ".new", 0o600)
            rename(path + ".new", path)
        }
        for name in try manager.subpathsOfDirectory(atPath: folder) where contents[name] == nil {
            var isFolder = false
            guard manager.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isFolder), !isFolder else { continue }
            try manager.removeItem(atPath: "\(folder)/\(name)")
        }
    }
}
