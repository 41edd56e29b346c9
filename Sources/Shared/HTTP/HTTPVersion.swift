/// The protocol that a request speaks.
public enum HTTPVersion: Sendable, Hashable {
    /// HTTP/1.1. A cancelled request closes its connection, which the server sees at once.
    case http1
    /// HTTP/2 where the server agrees to it in the TLS handshake, else HTTP/1.1.
    ///
    /// Requests share a connection. libcurl before 8.0 tells the server of a cancelled request only with the
    /// connection's next activity, so long-running streams are better served by ``http1``.
    case http2
    /// HTTP/2 without asking, over plain TCP or a Unix socket: what gRPC servers speak.
    ///
    /// Each request makes a connection of its own: libcurl before 8.0 can't use such a connection twice.
    case http2PriorKnowledge
}
