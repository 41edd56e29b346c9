import Foundation
import RealRuntime
import Shared

/// The files that are tested, and the tools that their users have.
enum Repository {
    /// The package's folder.
    static let root: String = {
        var url = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { url.deleteLastPathComponent() }
        return url.path
    }()

    static let chart = root + "/deploy/helm"
    static let goPuller = root + "/Tests/DeployTests/GoPuller"

    /// Runs helm; its own words are in the error when it refuses.
    @discardableResult
    static func helm(_ arguments: [String]) async throws -> String {
        try await Tool.run(try tool("helm"), arguments: arguments)
    }

    @discardableResult
    static func kubectl(_ arguments: [String]) async throws -> String {
        try await Tool.run(try tool("kubectl"), arguments: arguments)
    }

    /// A missing tool fails its tests: `make test` has installed it.
    static func tool(_ name: String) throws -> String {
        let own = "\(root)/.build/tools/\(name)"
        if FileManager.default.isExecutableFile(atPath: own) { return own }
        for folder in (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":") {
            let path = "\(folder)/\(name)"
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        }
        throw RealRuntimeError("\(name) is missing: run scripts/tools")
    }

    /// The documents of a YAML file of the repository.
    static func documents(_ path: String) throws -> [JSONValue] {
        try YAMLDocuments.read(try TextFile.read("\(root)/\(path)"))
    }
}
