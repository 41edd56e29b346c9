/// What a listener bears of its clients. Durations are seconds.
package struct ServerLimits: Sendable, Hashable {
    /// Connections in all: an agent on each of 20,000 nodes, and as many again while they come back.
    var connections = 32_768
    /// From one address: all agents of a cluster of 5,000 nodes may come through one gateway.
    var connectionsPerAddress = 8_192
    /// New ones from one address that come steadily; as many as it may have can come at once.
    package var newConnectionsPerSecond = 20.0
    /// Connections on which nobody has shown yet that they may ask something, in all and from one address.
    var strangers = 4_096
    var strangersPerAddress = 1_024
    /// Whether a stranger is whoever has shown no good token, or whoever has sent no request.
    var tokensAreNeeded = true

    /// Request line and headers together, one of them, and their number.
    package var headBytes = 32 << 10
    package var fieldBytes = 16 << 10
    package var fields = 100
    /// A full inventory of a thousand images is about 300 KB; see `ReportLimits`.
    package var bodyBytes = 2 << 20
    /// Requests that were sent before the answer to the first one came.
    var pipelined = 16

    /// From a connection's begin, TLS included, to the end of the first request's headers.
    var headTime = 10.0
    var bodyTime = 30.0
    /// Between two requests.
    var idleTime = 75.0
    /// The client takes nothing of an answer.
    var stallTime = 60.0
    /// For a client to read why it was refused.
    var lingerTime = 2.0

    /// The listener that everybody can reach.
    package static let open = ServerLimits()

    /// The one of this host, or of a pod.
    package static let local: ServerLimits = {
        var limits = ServerLimits()
        limits.connections = 512
        limits.connectionsPerAddress = 512
        // All come from one address.
        limits.newConnectionsPerSecond = 200
        limits.strangers = 256
        limits.strangersPerAddress = 256
        limits.tokensAreNeeded = false
        limits.bodyBytes = 1 << 20
        return limits
    }()

    /// The one for kubelets' probes: short requests without bodies, from few addresses.
    package static let probes: ServerLimits = {
        var limits = ServerLimits()
        limits.connections = 256
        limits.connectionsPerAddress = 32
        limits.strangers = 256
        limits.strangersPerAddress = 32
        limits.tokensAreNeeded = false
        limits.headBytes = 8 << 10
        limits.fieldBytes = 4 << 10
        limits.bodyBytes = 0
        limits.headTime = 3
        limits.idleTime = 15
        limits.stallTime = 3
        return limits
    }()

    /// Within what the process may open.
    package func within(openFiles: Int) -> ServerLimits {
        var limits = self
        // History, watches and reviews need some.
        limits.connections = max(16, min(connections, openFiles - 512))
        limits.connectionsPerAddress = min(connectionsPerAddress, limits.connections)
        limits.strangers = min(strangers, max(8, limits.connections / 2))
        limits.strangersPerAddress = min(strangersPerAddress, limits.strangers)
        return limits
    }
}
