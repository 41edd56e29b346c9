import Foundation

/// An image made on the spot: one layer, written as an OCI layout.
public struct TestImage: Sendable {
    /// What lies in the image: path → content.
    public var files: [String: Data] = [:]
    public var volumes: [String] = []
    public var command: [String] = []
    public var user = ""
    public var labels: [String: String] = [:]
    /// As in OCI: the machine's own by default.
    public var architecture = Self.ownArchitecture

    /// An image `FROM scratch` with one small file; `mark` makes its content its own.
    public static func scratch(_ mark: String) -> TestImage {
        TestImage(files: ["mark": Data(mark.utf8)])
    }

    /// With Debian's static busybox as its shell.
    public static func busybox(_ mark: String) throws -> TestImage {
        let program = try Data(contentsOf: URL(fileURLWithPath: "/usr/bin/busybox"))
        return TestImage(files: ["bin/busybox": program, "mark": Data(mark.utf8)], command: ["/bin/busybox", "sh"])
    }

    /// With so many bytes that no compression makes smaller.
    public static func random(bytes: Int) throws -> TestImage {
        guard let source = FileHandle(forReadingAtPath: "/dev/urandom"), let data = try source.read(upToCount: bytes)
        else { throw RealRuntimeError("/dev/urandom can't be read") }
        return TestImage(files: ["data": data])
    }

    public init(files: [String: Data], command: [String] = []) {
        self.files = files
        self.command = command
    }

    /// Writes an OCI layout with the image as `latest` into the folder, which is made.
    public func write(to directory: String) async throws {
        let manager = FileManager.default
        let root = directory + "/rootfs"
        for (path, content) in files {
            let file = "\(root)/\(path)"
            try manager.createDirectory(
                atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try content.write(to: URL(fileURLWithPath: file))
            try manager.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
        }
        let layer = directory + "/layer.tar"
        try await Tool.run(
            "tar", "--create", "--file", layer, "--directory", root, "--sort=name", "--owner=0", "--group=0",
            "--numeric-owner", "--mtime=@0", ".")
        try manager.removeItem(atPath: root)
        let layerBlob = try await Blob(
            moving: layer, into: directory, type: "application/vnd.oci.image.layer.v1.tar")
        var config: [String: Any] = ["Cmd": command, "User": user, "Labels": labels]
        if !volumes.isEmpty {
            config["Volumes"] = Dictionary(uniqueKeysWithValues: volumes.map { ($0, [String: String]()) })
        }
        let configuration: [String: Any] = [
            "architecture": architecture, "os": "linux", "config": config,
            "rootfs": ["type": "layers", "diff_ids": [layerBlob.digest]],
        ]
        let configBlob = try await Blob(
            json: configuration, into: directory, type: "application/vnd.oci.image.config.v1+json")
        let manifest: [String: Any] = [
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": configBlob.descriptor, "layers": [layerBlob.descriptor],
        ]
        var descriptor = try await Blob(
            json: manifest, into: directory, type: "application/vnd.oci.image.manifest.v1+json"
        ).descriptor
        descriptor["annotations"] = ["org.opencontainers.image.ref.name": "latest"]
        try TextFile.write(directory + "/oci-layout", #"{"imageLayoutVersion":"1.0.0"}"#)
        let index = try JSONSerialization.data(
            withJSONObject: ["schemaVersion": 2, "manifests": [descriptor]] as [String: Any])
        try index.write(to: URL(fileURLWithPath: directory + "/index.json"))
    }

    #if arch(arm64)
        public static let ownArchitecture = "arm64"
    #else
        public static let ownArchitecture = "amd64"
    #endif
}

/// A file of an OCI layout, named by its digest.
private struct Blob {
    let digest: String
    let size: Int
    let type: String

    var descriptor: [String: Any] { ["mediaType": type, "digest": digest, "size": size] }

    init(moving file: String, into directory: String, type: String) async throws {
        let sum = try await Tool.run("sha256sum", file).prefix(64)
        let blobs = directory + "/blobs/sha256"
        try FileManager.default.createDirectory(atPath: blobs, withIntermediateDirectories: true)
        let target = "\(blobs)/\(sum)"
        try? FileManager.default.removeItem(atPath: target)
        size = try TextFile.size(file)
        try FileManager.default.moveItem(atPath: file, toPath: target)
        digest = "sha256:\(sum)"
        self.type = type
    }

    init(json: [String: Any], into directory: String, type: String) async throws {
        let file = directory + "/blob.json"
        try JSONSerialization.data(withJSONObject: json, options: .sortedKeys).write(to: URL(fileURLWithPath: file))
        try await self.init(moving: file, into: directory, type: type)
    }
}
