import ImageSets

/// `RUNTIME_SOCKET`: empty, `none`, or where the CRI socket is on the host.
enum RuntimeSocketValue {
    /// `sockaddr_un.sun_path` holds 108 bytes with the final zero.
    static let longestPath = 107

    static func parse(_ text: String) throws(ValueFault) -> RuntimeSocket {
        guard !text.isEmpty else { return .automatic }
        guard text != "none" else { return .none }
        let quoted = Redaction.quote(text)
        guard text.lowercased() != "none" else {
            throw ValueFault("\"\(quoted)\" is no path", next: "write none in lower case for restricted mode")
        }
        let path = text.hasPrefix("unix://") ? String(text.dropFirst("unix://".count)) : text
        let next = "write the socket's absolute path on the host, such as /run/containerd/containerd.sock"
        guard path.hasPrefix("/") else { throw ValueFault("\"\(quoted)\" is no absolute path", next: next) }
        guard path.utf8.count <= longestPath else {
            throw ValueFault(
                "the path is longer than \(longestPath) bytes, the most that a unix socket can have", next: next)
        }
        // The agent gets the path in a comma-separated list, and Kubernetes refuses colons in mounts.
        guard path.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: ":") })
        else { throw ValueFault("\"\(quoted)\" has white space, a comma or a colon in it", next: next) }
        let parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        guard !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) else {
            throw ValueFault("\"\(quoted)\" has an empty part, \".\" or \"..\" in it", next: next)
        }
        guard parts.count > 1 else {
            throw ValueFault(
                "the folder of \"\(quoted)\" is the host's root, and a socket's folder is mounted in the agent",
                next: "put the socket into a folder of its own, such as /run/containerd")
        }
        return .path(path)
    }

    /// What is legal and probably not meant.
    static func warning(about socket: RuntimeSocket) -> (message: String, next: String)? {
        guard case .path(let path) = socket else { return nil }
        if path.hasSuffix("/docker.sock") {
            return (
                "\(path) is the Docker engine's own socket, which doesn't speak CRI",
                "name the socket of containerd, CRI-O or cri-dockerd"
            )
        }
        let folder = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
        guard ["/run", "/var/run", "/var", "/etc", "/tmp", "/home", "/root"].contains(folder) else { return nil }
        return (
            "the agent mounts the socket's folder, which is all of \(folder) of the host",
            "use a socket in a folder of its own where the runtime offers one"
        )
    }
}
