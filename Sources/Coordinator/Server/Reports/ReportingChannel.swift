import Certificates
import HTTPListener
import Hummingbird
import HummingbirdCore
import Leadership
import Logging
import NIOCore
import NIOHTTP1

/// A connection of the listener that agents come to: their reports are answered by ``ReportHandler``, all else by Hummingbird.
struct ReportingChannel: ServerChildChannel {
    /// A connection needs no task before it's Hummingbird's.
    struct Value: ServerChildChannelValue {
        let channel: any Channel
    }

    let connections: ConnectionGuard
    let service: ReportConnections

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            try connections.begin(channel)
            let limits = connections.decoderConfiguration
            var decoder = NIOHTTPDecoderLimitConfiguration()
            decoder.maxHeaderFieldSize = limits.maxHeaderFieldSize
            decoder.maxHeaderListSize = limits.maxHeaderListSize
            decoder.maxHeaderFieldCount = limits.maxHeaderFieldCount
            let pipeline = channel.pipeline.syncOperations
            // As Hummingbird does it: requests that come before an answer wait in the handlers behind.
            try pipeline.configureHTTPServerPipeline(
                withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: false,
                withEncoderConfiguration: .init(), withDecoderLimitConfiguration: decoder)
            try connections.guardRequests(channel)
            try pipeline.addHandler(ReportHandler(service))
            return Value(channel: channel)
        }
    }

    func handle(value: Value, logger: Logger) async {}
}

extension HTTPServerBuilder {
    /// - Parameter others: serves who isn't an agent.
    static func reporting(
        to agents: AgentRoutes, leadership: LeadershipBoard, others: OtherConnections, identity: ServingIdentity,
        limiter: ConnectionLimiter, logger: Logger
    ) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in
            let connections = ConnectionGuard(identity: identity, limiter: limiter)
            let http = HTTP1Channel(
                responder: responder, configuration: .init(httpDecoderConfiguration: connections.decoderConfiguration))
            return ReportingChannel(
                connections: connections,
                service: ReportConnections(
                    agents: agents, leadership: leadership, others: others, http: http, logger: logger))
        }
    }
}
