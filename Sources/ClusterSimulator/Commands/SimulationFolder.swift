import FoundationEssentials
import Glibc

/// Where a simulation keeps its nodes' folders.
struct SimulationFolder: Sendable {
    let path: String
    /// We made it, so we remove it.
    let isOurs: Bool

    /// - Parameter wanted: nil makes a new one in the folder for temporary files.
    init(_ wanted: String?) throws {
        let manager = FileManager.default
        if let wanted {
            let absolute = wanted.hasPrefix("/") ? wanted : manager.currentDirectoryPath + "/" + wanted
            isOurs = !manager.fileExists(atPath: absolute)
            try manager.createDirectory(atPath: absolute, withIntermediateDirectories: true)
            path = absolute
        } else {
            // Not $TMPDIR: the paths of unix sockets have to be short.
            var template = Array("/tmp/cluster-simulator-XXXXXX".utf8CString)
            guard mkdtemp(&template) != nil else {
                throw ScenarioError("no folder could be made in /tmp: \(String(cString: strerror(errno)))")
            }
            path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
            isOurs = true
        }
    }

    /// Removes what was made.
    func remove(nodes: [String], kubeconfig: String) {
        let manager = FileManager.default
        for node in nodes { try? manager.removeItem(atPath: "\(path)/\(node)") }
        try? manager.removeItem(atPath: kubeconfig)
        if isOurs { try? manager.removeItem(atPath: path) }
    }
}
