import Shared

extension HTTPRequest {
    /// A request that by itself would wait for ten minutes at every stage, however busy the machine is: when it ends
    /// earlier, something else ended it.
    static func patient(_ url: String, headers: HTTPHeaders = [:]) -> HTTPRequest {
        var request = HTTPRequest("GET", url, headers: headers)
        request.timeouts.connect = .seconds(600)
        request.timeouts.firstByte = .seconds(600)
        return request
    }
}
