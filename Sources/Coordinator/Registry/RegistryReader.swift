import FoundationEssentials
import Shared

/// Asks registries how big images are, and for which architectures they exist. Only manifests are read, and of an index
/// only those that are wanted: registries count them.
///
/// https://github.com/opencontainers/distribution-spec, https://distribution.github.io/distribution/spec/auth/token/
package struct RegistryReader: Sendable {
    package var credentials = RegistryCredentials()
    var client = HTTPClient()
    /// Registries that are asked by plain http, as references have them, in lower case. Those on this machine always are.
    package var plainRegistries: Set<String> = []
    private let outages = RegistryOutages()

    package init(
        credentials: RegistryCredentials = RegistryCredentials(), client: HTTPClient = HTTPClient(),
        plainRegistries: Set<String> = []
    ) {
        self.credentials = credentials
        self.client = client
        self.plainRegistries = plainRegistries
    }

    /// Go knows half as many for Linux; each costs a request.
    static let maximumArchitectures = 32

    private static let kinds = [
        "application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
    ]

    /// Bytes to download by architecture; under `any` when the registry doesn't tell the architecture.
    ///
    /// - Parameter architectures: those that matter; nil: all that there are.
    /// - Throws: ``RegistryFault``.
    package func sizes(of reference: ImageReference, architectures: Set<String>? = nil) async throws -> [String: Int64]
    {
        var session = RegistrySession(
            reference: reference, credentials: credentials, client: client, outages: outages,
            plainRegistries: plainRegistries)
        let manifest = try await manifest(reference.digest ?? reference.tag ?? "latest", &session)
        guard let entries = manifest.manifests else {
            return [try await architecture(of: manifest, &session) ?? "any": manifest.bytes]
        }
        var sizes: [String: Int64] = [:]
        for entry in entries where entry.platform?.os == "linux" && sizes.count < Self.maximumArchitectures {
            guard let architecture = entry.platform?.architecture, sizes[architecture] == nil,
                architectures?.contains(architecture) ?? true
            else { continue }
            sizes[architecture] = try await self.manifest(entry.digest, &session).bytes
        }
        return sizes
    }

    struct Manifest: Decodable {
        struct Part: Decodable {
            var size: Int64
            var digest: String
        }
        struct Entry: Decodable {
            struct Platform: Decodable {
                var architecture: String?
                var os: String?
            }
            var digest: String
            var platform: Platform?
        }
        var config: Part?
        var layers: [Part]?
        var manifests: [Entry]?

        /// What the configuration and all layers take together. No image is greater than a PiB, whatever a registry says.
        var bytes: Int64 {
            var sum: Int64 = 0
            for size in [config?.size ?? 0] + (layers ?? []).map(\.size) {
                sum = min(sum + min(max(0, size), Self.most), Self.most)
            }
            return sum
        }

        private static let most: Int64 = 1 << 50
    }

    private func manifest(_ name: String, _ session: inout RegistrySession) async throws -> Manifest {
        let body = try await session.get("manifests/\(name)", accept: Self.kinds.joined(separator: ", "))
        guard let manifest = try? JSONDecoder().decode(Manifest.self, from: Data(body)),
            manifest.manifests != nil || manifest.layers != nil
        else { throw RegistryFault("\(session.reference.registry) answered with no manifest that can be read") }
        return manifest
    }

    private func architecture(of manifest: Manifest, _ session: inout RegistrySession) async throws -> String? {
        struct Config: Decodable { var architecture: String? }
        guard let config = manifest.config,
            // It is only a help: without it the image counts for every architecture.
            let body = try? await session.get("blobs/\(config.digest)", accept: "*/*")
        else { return nil }
        return (try? JSONDecoder().decode(Config.self, from: Data(body)))?.architecture
    }
}
