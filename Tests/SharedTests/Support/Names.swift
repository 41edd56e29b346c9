import Shared

// Hummingbird brings types of the same names; in these tests ours are meant.
typealias HTTPError = Shared.HTTPError
typealias HTTPRequest = Shared.HTTPRequest
typealias HTTPResponse = Shared.HTTPResponse
