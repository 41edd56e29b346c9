import Shared

/// What the configurations of images say of where they run: no list tells, and each runtime pulls and lists an image of
/// another architecture without complaint (measured: containerd 1.6 and 2.3, CRI-O 1.36).
///
/// Asked once for each image id that a reference of the assignment means; content never changes under an id.
struct ImagePlatforms: Sendable {
    enum Platform: Sendable, Equatable {
        /// `os/arch`
        case runs(String)
        /// An OCI artifact: it has no root file system, and no container can be made of it.
        case artifact
        /// The runtime doesn't tell.
        case untold
    }

    private var known: [String: Platform] = [:]

    subscript(id: String) -> Platform? { known[id] }

    /// - Parameter ids: of the images in question; the others are forgotten.
    func renewed(for ids: Set<String>, runtime: any ContainerRuntime) async throws -> ImagePlatforms {
        var renewed = self
        renewed.known = known.filter { ids.contains($0.key) }
        for id in ids.sorted() where renewed.known[id] == nil {
            do {
                renewed.known[id] = Platform(info: try await runtime.info(of: id))
            } catch let status as GRPCStatus
                where status.code != GRPCStatus.unavailable && status.code != GRPCStatus.deadlineExceeded
            {
                renewed.known[id] = .untold
            }
        }
        return renewed
    }
}

extension ImagePlatforms.Platform {
    /// Of a verbose ImageStatus: JSON, whose `imageSpec` is the image's configuration with all three runtimes.
    init(info: String?) {
        var (os, architecture, layers) = ("", "", 0)
        var hasConfiguration = false
        guard let info else {
            self = .untold
            return
        }
        var reader = JSONFieldReader(Array(info.utf8))
        do {
            try reader.fields { key, value in
                guard case "imageSpec" = key else { return }
                hasConfiguration = try value.fields { key, value in
                    switch key {
                    case "os": os = try value.string() ?? ""
                    case "architecture": architecture = try value.string() ?? ""
                    case "rootfs":
                        try value.fields { key, value in
                            if case "diff_ids" = key { try value.elements { _ in layers += 1 } }
                        }
                    default: break
                    }
                }
            }
        } catch {
            self = .untold
            return
        }
        if !os.isEmpty, !architecture.isEmpty {
            self = .runs("\(os)/\(architecture)")
        } else {
            self = hasConfiguration && os.isEmpty && architecture.isEmpty && layers == 0 ? .artifact : .untold
        }
    }
}
