import Glibc

/// Ports of the loopback interface.
public enum LoopbackPort {
    /// One that nobody listens at, and that the kernel gives to nobody: it lies below the range from which it takes
    /// ports for connections (`net.ipv4.ip_local_port_range`, 32768 and above).
    public static func find() throws -> Int {
        for _ in 0..<100 {
            if let (descriptor, port) = try? bind(Int.random(in: 20_000..<32_000)) {
                close(descriptor)
                return port
            }
        }
        throw RealRuntimeError("no free port below 32000")
    }

    /// A port that accepts connections and never says a word, until the descriptor is closed.
    public static func silent() throws -> (descriptor: Int32, port: Int) {
        let (descriptor, port) = try bind(0)
        guard listen(descriptor, 64) == 0 else { throw RealRuntimeError("listen: \(String(cString: strerror(errno)))") }
        return (descriptor, port)
    }

    /// Whether somebody listens there.
    public static func isTaken(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = loopback(port)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private static func loopback(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        return address
    }

    private static func bind(_ port: Int) throws -> (Int32, Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = loopback(port)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { general in
                Glibc.bind(descriptor, general, length) == 0 && getsockname(descriptor, general, &length) == 0
            }
        }
        guard result else {
            let reason = String(cString: strerror(errno))
            close(descriptor)
            throw RealRuntimeError("no free port: \(reason)")
        }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }
}
