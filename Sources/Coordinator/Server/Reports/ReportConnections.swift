import HTTPListener
import Hummingbird
import HummingbirdCore
import Leadership
import Logging
import NIOCore
import NIOHTTPTypesHTTP1

/// What all connections of the open listener share.
struct ReportConnections: Sendable {
    let agents: AgentRoutes
    let leadership: LeadershipBoard
    let others: OtherConnections
    let http: HTTP1Channel
    let logger: Logger

    /// Makes a connection one of Hummingbird's. Called on its event loop, before its first request is passed on.
    func handOver(_ channel: any Channel) throws {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
        try pipeline.addHandler(HTTPConnectionStateHandler(logger: logger))
        let connection = try HTTP1Channel.Value(
            wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        others.take(channel) { [http, logger] in await http.handle(value: connection, logger: logger) }
    }
}
