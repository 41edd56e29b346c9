import HummingbirdCore
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Access
@testable import Control
@testable import ControlFixtures
@testable import HTTPListener
@testable import Leadership
@testable import Server
@testable import ServerFixtures
@testable import TestBasics

/// What a connection does with its requests' parts, one after the other, where closing it takes effect at once.
@Suite("Parts of agents' requests") struct ReportHandlerTests {
    @Test("Who has just lost the Lease refuses a report and closes the connection in the middle of what it has read")
    func notLeading() throws {
        let loop = Stage().loop
        let service = ReportConnections(
            agents: AgentRoutes(loop: loop, authenticator: ReviewTable().access(loop: loop).agents),
            leadership: LeadershipBoard(lease: "k8s-image-puller/image-puller"), others: OtherConnections(),
            http: HTTP1Channel(responder: { _, _, _ in }), logger: .quiet)
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(ReportHandler(service))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        let head = HTTPRequestHead(
            version: .http1_1, method: .POST, uri: AgentRoutes.path, headers: ["Content-Length": "2"])
        for part in [.head(head), .body(ByteBuffer(string: "ab")), .end(nil)] as [HTTPServerRequestPart] {
            try channel.writeInbound(part)
        }
        var statuses: [HTTPResponseStatus] = []
        while let part = try channel.readOutbound(as: HTTPServerResponsePart.self) {
            if case .head(let head) = part { statuses.append(head.status) }
        }
        #expect(statuses == [.serviceUnavailable])
        #expect(!channel.isActive)
    }
}
