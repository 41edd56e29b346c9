import Foundation
import Synchronization

/// What a Service does in a cluster: sends each new connection to a coordinator that says that it is ready.
final class ServiceRelay: Sendable {
    struct Backend: Sendable {
        /// Where `/readyz` is asked.
        var healthPort: Int
        /// Where connections go.
        var port: Int
    }

    let port: Int
    private let listener: Int32
    private let backends = Mutex<[Backend]>([])

    init() throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { [listener] pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard isBound, listen(listener, 256) == 0 else { throw NeverHappened(description: "no port for the relay") }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [self] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else { return }
                serve(client)
            }
        }
    }

    func add(_ backend: Backend) { backends.withLock { $0.append(backend) } }

    /// Forgets all backends; connections that are open stay.
    func clear() { backends.withLock { $0 = [] } }

    func close() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func serve(_ client: Int32) {
        let ready = backends.withLock(\.self).reversed().first { Self.isReady($0.healthPort) }
        guard let ready, let server = Self.connect(ready.port) else {
            Glibc.close(client)
            return
        }
        let open = Mutex(2)
        for (source, target) in [(client, server), (server, client)] {
            Thread.detachNewThread {
                Self.pump(from: source, to: target)
                // Whoever is the second to end closes both.
                if open.withLock({
                    $0 -= 1; return $0
                }) == 0 {
                    Glibc.close(client)
                    Glibc.close(server)
                }
            }
        }
    }

    private static func pump(from source: Int32, to target: Int32) {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = recv(source, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            var sent = 0
            while sent < count {
                let part = buffer[sent..<count].withUnsafeBytes {
                    send(target, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard part > 0 else { break }
                sent += part
            }
            guard sent == count else { break }
        }
        shutdown(source, Int32(SHUT_RDWR))
        shutdown(target, Int32(SHUT_RDWR))
    }

    private static func isReady(_ port: Int) -> Bool {
        guard let descriptor = connect(port) else { return false }
        defer { Glibc.close(descriptor) }
        let request = Array("GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
        guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            return false
        }
        var answer = [UInt8](repeating: 0, count: 64)
        let count = recv(descriptor, &answer, answer.count, 0)
        return String(decoding: answer.prefix(max(0, count)), as: UTF8.self).hasPrefix("HTTP/1.1 200")
    }

    private static func connect(_ port: Int) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = loopback(port)
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        if isConnected { return descriptor }
        Glibc.close(descriptor)
        return nil
    }

    private static func loopback(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        return address
    }
}
