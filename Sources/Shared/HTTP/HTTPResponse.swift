/// A response whose body was read whole.
public struct HTTPResponse: Sendable {
    public let status: Int
    public let headers: HTTPHeaders
    public let body: [UInt8]
    /// The fields that came after the body; of gRPC these say how the call ended.
    public let trailers: HTTPHeaders

    public init(status: Int, headers: HTTPHeaders = [:], body: [UInt8] = [], trailers: HTTPHeaders = [:]) {
        self.status = status
        self.headers = headers
        self.body = body
        self.trailers = trailers
    }
}

/// A response whose body is read as it comes.
public struct HTTPStream: Sendable {
    public let status: Int
    public let headers: HTTPHeaders
    /// The body. The transfer lives as long as this does: dropping it closes the connection.
    public let body: HTTPBody
}
