import Shared
import Synchronization

/// Faults that the next requests meet, for tests and rehearsals of bad days.
final class FaultPlan: Sendable {
    /// What happens to a request.
    enum Effect: Sendable {
        /// It is refused with this status (429, 500, 503, ...), with or without `Retry-After` in seconds.
        case fail(status: Int, retryAfter: Int? = nil)
        /// It is answered so much later.
        case delay(Duration)
    }

    private struct Fault: Sendable {
        let effect: Effect
        let verb: String?
        let resource: String?
        var remaining: Int
    }

    private let faults = Mutex<[Fault]>([])

    /// Lets the next `count` requests, of one verb (`list`, `watch`, `patch`, ...) and of one resource (`pods`) or of
    /// all, meet a fault. Several can be planned: a request meets the first that fits it.
    func next(_ count: Int, _ effect: Effect, verb: String? = nil, resource: String? = nil) {
        faults.withLock { $0.append(Fault(effect: effect, verb: verb, resource: resource, remaining: count)) }
    }

    /// Drops everything that is planned.
    func clear() { faults.withLock { $0.removeAll() } }

    /// Takes the fault of a request off the plan.
    func take(verb: String, resource: String) -> Effect? {
        faults.withLock { faults in
            let index = faults.firstIndex {
                ($0.verb == nil || $0.verb == verb) && ($0.resource == nil || $0.resource == resource)
            }
            guard let index else { return nil }
            let effect = faults[index].effect
            faults[index].remaining -= 1
            if faults[index].remaining <= 0 { faults.remove(at: index) }
            return effect
        }
    }
}

extension APIError {
    /// The error of an injected fault.
    static func injected(status: Int, retryAfter: Int?) -> APIError {
        var error =
            switch status {
            case 429:
                APIError(
                    code: 429, reason: "TooManyRequests",
                    message: "Too many requests, please try again later.")
            case 503:
                APIError(code: 503, reason: "ServiceUnavailable", message: "the server is currently unable")
            default:
                APIError(code: status, reason: "InternalError", message: "Internal error occurred: injected fault")
            }
        if let retryAfter { error.details = ["retryAfterSeconds": .integer(Int64(retryAfter))] }
        error.retryAfter = retryAfter
        return error
    }
}
