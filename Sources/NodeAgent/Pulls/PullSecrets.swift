import Shared

/// The mounted pull secrets: one folder for each, read anew for every pull because the kubelet renews them.
struct PullSecrets: Sendable {
    let directory: String
    /// Never leaves the process, so the digest tells nothing of the files.
    private let salt: [UInt64]

    init(directory: String, salt: [UInt64] = PullSecrets.randomSalt()) {
        self.directory = directory
        self.salt = salt
    }

    static func randomSalt() -> [UInt64] {
        var random = SystemRandomNumberGenerator()
        return (0..<4).map { _ in random.next() }
    }

    /// Those that fit the reference's registry, in the order in which they are tried.
    func credentials(for reference: String) -> [RegistryCredential] {
        guard let reference = try? ImageReference(reference) else { return [] }
        var credentials: [RegistryCredential] = []
        for (path, content) in files() {
            guard let configuration = try? DockerConfiguration(json: content) else { continue }
            let secret = path.split(separator: "/").dropLast().last.map(String.init) ?? ""
            for var credential in configuration.credentials where credential.pattern.covers(reference) {
                credential.name = "\(secret) \(credential.name)"
                if !credentials.contains(where: { $0.config == credential.config }) { credentials.append(credential) }
            }
        }
        return credentials
    }

    /// Changes when the files do.
    func digest() -> String {
        let files = files()
        guard !files.isEmpty else { return "" }
        var halves: [UInt64] = []
        for key in [salt.prefix(2), salt.dropFirst(2)] {
            // Hasher is SipHash, a keyed hash; ours is the salt, its own key is random too.
            var hasher = Hasher()
            for word in key { hasher.combine(word) }
            for (path, content) in files {
                hasher.combine(path)
                hasher.combine(content)
            }
            halves.append(UInt64(truncatingIfNeeded: hasher.finalize()))
        }
        return halves.map { String($0, radix: 16) }.joined(separator: "-")
    }

    /// What can't be used, by path, for the log.
    func problems() -> [String] {
        files().compactMap { path, content in
            do {
                _ = try DockerConfiguration(json: content)
                return nil
            } catch {
                return "the pull secret \(path) can't be used: \(error)"
            }
        }
    }

    private func files() -> [(path: String, content: [UInt8])] {
        Files.names(in: directory).flatMap { secret in
            [".dockerconfigjson", ".dockercfg"].compactMap { name in
                let path = "\(directory)/\(secret)/\(name)"
                guard case .success(let content) = Files.read(path) else { return nil }
                return (path, content)
            }
        }
    }
}
