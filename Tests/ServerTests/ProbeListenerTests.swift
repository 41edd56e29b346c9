import Logging
import NIOCore
import NIOPosix
import Shared
import TestServer
import Testing

@testable import Control
@testable import ControlFixtures
@testable import HTTPListener
@testable import Server
@testable import ServerFixtures
@testable import TestBasics

@Suite("The listener for probes") struct ProbeListenerTests {
    @Test("It says whether we live and are ready, and nothing else; bodies it doesn't take")
    func probes() async throws {
        try await LiveCoordinator.run { coordinator in
            try await whileServingPort { onListening in
                Listeners.probes(
                    host: "127.0.0.1", port: 0, loop: coordinator.stage.loop, logger: .quiet, onListening: onListening)
            } _: { port in
                let base = "http://127.0.0.1:\(port)"
                #expect(try await coordinator.get("\(base)/healthz").status == 200)
                #expect(try await coordinator.get("\(base)/readyz").status == 503)
                try await coordinator.start()
                #expect(try await coordinator.get("\(base)/readyz").status == 200)
                for path in ["/", "/metrics", "/api/v1/coverage", "/agent/v1/reports"] {
                    #expect(try await coordinator.get(base + path).status == 404, "\(path)")
                }
                let raw = RawClient(server: base, bundle: "")
                let outcome = try await raw.send("GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx")
                #expect(outcome.status == 413)
            }
        }
    }
}

@Suite("Connections of listeners that end") struct UnservedConnectionTests {
    @Test("One that was accepted and that nobody serves is closed, and harms nobody else")
    func unserved() async throws {
        let guarded = GuardedChannel(
            responder: { _, _, _ in },
            connections: ConnectionGuard(identity: nil, limiter: ConnectionLimiter(.probes)))
        // A server that has been told to end gives up what it accepts.
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { guarded.setup(channel: $0, logger: .quiet).map { _ in } }
            .bind(host: "127.0.0.1", port: 0).get()
        let client = RawClient(server: "http://127.0.0.1:\(server.localAddress?.port ?? 0)", bundle: "")
        for _ in 0..<3 {
            let outcome = try await client.send([Array("GET /healthz HTTP/1.1\r\n".utf8)], within: 20)
            #expect(outcome.isClosed)
        }
        try await server.close()
    }
}
