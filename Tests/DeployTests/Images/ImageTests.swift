import Foundation
import RealRuntime
import Shared
import Testing

/// The images that `make images BASE=local` builds: out of the programs of the debug build, pushed to a real registry, and
/// run by a real containerd.
@Suite(.serialized) struct ImageTests {
    private static let revision = "0123456789ab"
    private static let source = "https://git.example.com/image-puller"

    @Test(.enabled(if: getuid() == 0, "debootstrap and containerd need root"))
    func bothImagesRunFromContainerd() async throws {
        let programs = (try RealMachine.product("coordinator") as NSString).deletingLastPathComponent
        try await Tool.run(
            "env", "BASE=local", "CONFIGURATION=debug", "PROGRAMS_FROM=\(programs)", "REVISION=\(Self.revision)",
            "TAG=test", "SOURCE=\(Self.source)", "\(Repository.root)/scripts/images")
        try await RealMachine.with { machine in
            let registry = try await machine.registry()
            let containerd = try await machine.containerd()
            for (image, program) in [("coordinator", "coordinator"), ("agent", "node-agent")] {
                let layout = "oci:\(Repository.root)/.build/images/\(image):test"
                let name = "\(registry.host)/image-puller/\(image):test"
                try await Tool.run(
                    "skopeo", "copy", "--quiet", "--insecure-policy", "--dest-tls-verify=false", layout,
                    "docker://\(name)")
                try await containerd.ctr("images", "pull", "--plain-http", name)

                let version = try await containerd.ctr(
                    "run", "--rm", "--read-only", name, "version-\(image)", "/image-puller/\(program)", "--version")
                #expect(
                    version.trimmingCharacters(in: .whitespacesAndNewlines) == "\(program) 0.1.0 (\(Self.revision))")
                try await checkConfiguration(layout, entrypoint: "/image-puller/\(program)")
                try await checkFiles(image)
            }
            try await copySleep(containerd, "\(registry.host)/image-puller/agent:test", machine.directory)
        }
    }

    private func checkConfiguration(_ layout: String, entrypoint: String) async throws {
        let text = try await Tool.run("skopeo", "inspect", "--config", layout)
        let config = try #require(try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))["config"])
        // A number: runAsNonRoot can't be checked of a name.
        #expect(config["User"] == "65532:65532")
        #expect(config["Entrypoint"] == [.string(entrypoint)])
        #expect(config["Env"]?.arrayValue?.contains("PATH=/image-puller") == true)
        let labels = config["Labels"]
        #expect(labels?["org.opencontainers.image.revision"] == .string(Self.revision))
        #expect(labels?["org.opencontainers.image.version"] == "0.1.0")
        #expect(labels?["org.opencontainers.image.source"] == .string(Self.source))
        for label in ["title", "description"] {
            #expect(labels?["org.opencontainers.image.\(label)"]?.stringValue?.isEmpty == false)
        }
    }

    /// Programs of ours, libraries and a few files of /etc: no shell, no package manager, nothing else that runs.
    private func checkFiles(_ image: String) async throws {
        let folder = "\(Repository.root)/.build/images/\(image)/blobs/sha256"
        var files: Set<String> = []
        for blob in try FileManager.default.contentsOfDirectory(atPath: folder) {
            guard let list = try? await Tool.run("tar", "--list", "--gzip", "--file", "\(folder)/\(blob)") else {
                continue
            }
            files.formUnion(list.split(separator: "\n").filter { !$0.hasSuffix("/") }.map(String.init))
        }
        #expect(files.contains("image-puller/commit"))
        #expect(files.contains("image-puller/sleep") == (image == "agent"))
        #expect(files.contains("etc/ssl/certs/ca-certificates.crt") == (image == "coordinator"))
        let allowed = ["image-puller/", "etc/", "lib/", "lib64/", "usr/lib/"]
        for file in files {
            #expect(allowed.contains { file.hasPrefix($0) }, "\(file)")
            #expect(!file.split(separator: "/").dropLast().contains { ["bin", "sbin"].contains($0) }, "\(file)")
        }
        #expect(files.contains { $0.contains("libcurl") })
    }

    /// As the DaemonSet's init container does, which isn't root.
    private func copySleep(_ containerd: Containerd, _ image: String, _ directory: String) async throws {
        let shared = directory + "/shared"
        try FileManager.default.createDirectory(atPath: shared, withIntermediateDirectories: true)
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: shared)
        try await containerd.ctr(
            "run", "--rm", "--read-only", "--mount", "type=bind,src=\(shared),dst=/image-puller-bin,options=rbind:rw",
            image, "copy-sleep", "/image-puller/node-agent", "copy-sleep", "/image-puller-bin")
        let attributes = try FileManager.default.attributesOfItem(atPath: shared + "/sleep")
        #expect((attributes[.ownerAccountID] as? NSNumber)?.intValue == 65_532)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o755)
    }
}
