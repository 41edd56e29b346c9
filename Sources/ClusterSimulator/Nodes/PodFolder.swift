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

    /// Brings a folder's files to these contents, all in one step, as a kubelet does: what is seen are links into
    /// `..data`, which is itself a link to a folder with all files, and that link is replaced.
    static func fill(_ folder: String, _ contents: VolumeContents) throws {
        let manager = FileManager.default
        let link = "\(folder)/..data"
        let former = try? manager.destinationOfSymbolicLink(atPath: link)
        if let former, try files("\(folder)/\(former)") == contents { return }
        let name = "..\(UInt64(Date().timeIntervalSince1970)).\(UInt32.random(in: 0 ... .max))"
        try manager.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        for (file, bytes) in contents {
            let path = "\(folder)/\(name)/\(file)"
            if let slash = path.lastIndex(of: "/") {
                try manager.createDirectory(atPath: String(path[..<slash]), withIntermediateDirectories: true)
            }
            try Data(bytes).write(to: URL(filePath: path))
            chmod(path, 0o600)
        }
        symlink(name, link + "_tmp")
        guard rename(link + "_tmp", link) == 0 else {
            throw MissingVolume(volume: folder, what: String(cString: strerror(errno)))
        }
        let seen = Set(contents.keys.compactMap { $0.split(separator: "/").first.map(String.init) })
        for entry in seen { symlink("..data/\(entry)", "\(folder)/\(entry)") }
        for entry in try manager.contentsOfDirectory(atPath: folder)
        where !entry.hasPrefix("..") && !seen.contains(entry) {
            try manager.removeItem(atPath: "\(folder)/\(entry)")
        }
        if let former { try manager.removeItem(atPath: "\(folder)/\(former)") }
    }

    private static func files(_ folder: String) throws -> VolumeContents {
        let manager = FileManager.default
        var contents: VolumeContents = [:]
        for name in try manager.subpathsOfDirectory(atPath: folder) {
            var isFolder = false
            guard manager.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isFolder), !isFolder else { continue }
            contents[name] = manager.contents(atPath: "\(folder)/\(name)").map(Array.init)
        }
        return contents
    }
}
