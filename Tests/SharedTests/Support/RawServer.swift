import Glibc
import Synchronization

/// A server that does what no decent server does: its handler has the bare connection, on a thread of its own.
final class RawServer: Sendable {
    let port: Int
    private let listener: Int32
    /// The thread that accepts closes the listener, so that it never uses one that is another's by then.
    private let hasThread: Bool
    private let open = Mutex<Set<Int32>>([])

    /// - Parameter backlog: how many connections the kernel completes while nobody accepts them.
    init(backlog: Int32 = 256, handler: (@Sendable (RawConnection) -> Void)?) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(listener, pointer, length) | listen(listener, backlog) | getsockname(listener, pointer, &length)
            }
        }
        guard result == 0 else { throw RawServerError(code: errno) }
        port = Int(UInt16(bigEndian: address.sin_port))
        self.listener = listener
        hasThread = handler != nil
        if let handler { startThread { self.accept(handler) } }
    }

    var url: String { "http://127.0.0.1:\(port)" }

    /// Closes the listener and every connection.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        if !hasThread { close(listener) }
        open.withLock { $0.forEach { _ = shutdown($0, Int32(SHUT_RDWR)) } }
    }

    private func accept(_ handler: @escaping @Sendable (RawConnection) -> Void) {
        while true {
            let descriptor = Glibc.accept(listener, nil, nil)
            guard descriptor >= 0 else {
                close(listener)
                return
            }
            open.withLock { _ = $0.insert(descriptor) }
            startThread {
                handler(RawConnection(descriptor: descriptor))
                self.open.withLock {
                    $0.remove(descriptor)
                    close(descriptor)
                }
            }
        }
    }
}

struct RawServerError: Error {
    let code: Int32
}

/// One accepted connection. It is closed when the handler returns.
struct RawConnection: Sendable {
    let descriptor: Int32

    /// Reads up to the empty line after a request's head; nil when the client has gone.
    func readHead() -> String? {
        var bytes: [UInt8] = []
        while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            var byte: UInt8 = 0
            guard recv(descriptor, &byte, 1, 0) == 1 else { return nil }
            bytes.append(byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Reads so many bytes; nil when the client has gone.
    func read(_ count: Int) -> [UInt8]? {
        guard count > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: count)
        guard recv(descriptor, &bytes, count, Int32(MSG_WAITALL)) == count else { return nil }
        return bytes
    }

    /// Writes all of it; false when the client has gone.
    @discardableResult
    func write(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    @discardableResult
    func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    /// One chunk of a chunked body.
    @discardableResult
    func writeChunk(_ bytes: [UInt8]) -> Bool {
        write(Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + Array("\r\n".utf8))
    }

    /// Blocks until the client closes.
    func waitForClose() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while recv(descriptor, &buffer, buffer.count, 0) > 0 {}
    }

    /// The connection will end with a RST instead of a FIN.
    func resetOnClose() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }
}

/// Starts a thread that nobody waits for.
func startThread(_ work: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let work: @Sendable () -> Void
        init(_ work: @escaping @Sendable () -> Void) { self.work = work }
    }
    var thread = pthread_t()
    let context = Unmanaged.passRetained(Box(work)).toOpaque()
    pthread_create(
        &thread, nil,
        { context in
            guard let context else { return nil }
            Unmanaged<Box>.fromOpaque(context).takeRetainedValue().work()
            return nil
        }, context)
    pthread_detach(thread)
}

/// Runs a raw server while the body runs.
func withRawServer<Result>(
    _ handler: @escaping @Sendable (RawConnection) -> Void, _ body: (RawServer) async throws -> Result
) async throws -> Result {
    let server = try RawServer(handler: handler)
    defer { server.stop() }
    return try await body(server)
}

/// A handler that answers every request on a connection in the same way.
func answering(_ response: String) -> @Sendable (RawConnection) -> Void {
    { connection in
        while connection.readHead() != nil, connection.write(response) {}
    }
}

/// Blocks the thread: only for handlers of a ``RawServer``.
func sleep(milliseconds: UInt32) { usleep(milliseconds * 1000) }
