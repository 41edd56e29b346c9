import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// Sends bytes as they are, by TLS or without, and takes what comes until the server closes.
struct RawClient: Sendable {
    /// `https://127.0.0.1:PORT` or `http://…`
    let server: String
    /// What to trust, for https.
    let bundle: String

    /// What came back, and whether the server closed the connection before the time was over.
    struct Outcome: Sendable {
        var bytes: [UInt8] = []
        var isClosed = false

        var text: String { String(decoding: bytes, as: UTF8.self) }
        /// Of the first answer; nil without any.
        var status: Int? {
            guard text.hasPrefix("HTTP/1.1 ") else { return nil }
            return Int(text.dropFirst(9).prefix(3))
        }
        /// Answers in all.
        var answers: Int { (1...5).map { text.occurrences(of: "HTTP/1.1 \($0)") }.reduce(0, +) }
    }

    /// - Parameter parts: sent one after the other, with a pause between.
    func send(_ parts: [[UInt8]], within seconds: Double = 20) async throws -> Outcome {
        do {
            return try await exchange(parts, within: seconds)
        } catch let error as IOError where [ECONNRESET, ENOTCONN, EPIPE].contains(error.errnoCode) {
            // Cut by the server before we were done with opening or closing it.
            return Outcome(isClosed: true)
        }
    }

    private func exchange(_ parts: [[UInt8]], within seconds: Double) async throws -> Outcome {
        let port = server.split(separator: ":").last.flatMap { Int($0) } ?? 0
        let context: NIOSSLContext? =
            server.hasPrefix("https")
            ? try {
                var configuration = TLSConfiguration.makeClientConfiguration()
                configuration.trustRoots = .certificates(
                    try NIOSSLCertificate.fromPEMBytes(Array(bundle.utf8)))
                return try NIOSSLContext(configuration: configuration)
            }() : nil
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: context, serverHostname: nil))
                    }
                    return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await withThrowingTaskGroup(of: Outcome?.self) { group in
                group.addTask {
                    var outcome = Outcome()
                    do {
                        for try await buffer in inbound { outcome.bytes += Array(buffer.readableBytesView) }
                    } catch {
                        // A connection that was cut is closed, too.
                    }
                    outcome.isClosed = !Task.isCancelled
                    return outcome
                }
                group.addTask {
                    for part in parts {
                        // The server may have closed already.
                        try? await outbound.write(ByteBuffer(bytes: part))
                        try await Task.sleep(for: .milliseconds(20))
                    }
                    try await Task.sleep(for: .seconds(seconds))
                    try? await channel.channel.close()
                    return nil
                }
                defer { group.cancelAll() }
                while let outcome = try await group.next() { if let outcome { return outcome } }
                return Outcome()
            }
        }
    }

    func send(_ text: String, within seconds: Double = 20) async throws -> Outcome {
        try await send([Array(text.utf8)], within: seconds)
    }
}

extension String {
    /// How often a text occurs.
    func occurrences(of part: String) -> Int {
        var (count, rest) = (0, self[...])
        while let range = rest.firstRange(of: part) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
