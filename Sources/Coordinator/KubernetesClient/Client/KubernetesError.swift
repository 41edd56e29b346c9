import Shared

/// A request to the API server that didn't succeed: what was asked, what went wrong, what to do.
package struct KubernetesError: Error, Sendable, CustomStringConvertible {
    /// What was asked, in words: `list pods in namespace "x"`.
    let operation: String
    /// The HTTP status; nil when there was no answer.
    package let status: Int?
    /// The API's one word for it: `NotFound`, `Conflict`, `Expired`, … Ours where the API gave none.
    let reason: String
    package let message: String
    let details: APIStatus.Details?
    /// How long the server wants to be left alone.
    let retryAfter: Duration?
    /// The token with which an expired paged list could be continued, at the price of its consistency.
    let continueToken: String?
    /// The transport's error when there was no answer.
    let underlying: HTTPError?

    init(
        operation: String, status: Int? = nil, reason: String, message: String, details: APIStatus.Details? = nil,
        retryAfter: Duration? = nil, continueToken: String? = nil, underlying: HTTPError? = nil
    ) {
        self.operation = operation
        self.status = status
        self.reason = reason
        self.message = message
        self.details = details
        self.retryAfter = retryAfter
        self.continueToken = continueToken
        self.underlying = underlying
    }

    package var isNotFound: Bool { status == 404 }
    /// There is no object of the name that was meant, or it is another one than the given uid's. A path that the API server
    /// doesn't know has no details.
    package var isOfGoneObject: Bool {
        isNotFound && details?.name != nil || isConflict
            || details?.causes?.contains { $0.field == "metadata.uid" } == true
    }
    package var isAlreadyExists: Bool { reason == "AlreadyExists" }
    /// The object has changed meanwhile, or another field manager owns a field.
    package var isConflict: Bool { status == 409 && reason != "AlreadyExists" }
    /// The resource version or the continue token is too old.
    var isExpired: Bool { status == 410 || reason == "Expired" || reason == "Gone" }
    var isUnauthorized: Bool { status == 401 }
    /// The API server refuses the object's content; ``details`` name the fields.
    package var isInvalid: Bool { status == 422 || status == 400 }
    /// A resource version that the server hasn't reached: it was restored from a backup, or lags behind.
    var isFutureResourceVersion: Bool {
        details?.causes?.contains { $0.reason == "ResourceVersionTooLarge" } ?? false
    }

    package var description: String {
        var text = "could not \(operation): \(message)"
        if let status { text += " (\(status) \(reason))" }
        return "\(text). \(advice)"
    }

    /// What the user can do.
    var advice: String {
        switch (status, reason) {
        case (nil, Self.notLeadingReason):
            "Another coordinator does it, or this one when it leads again"
        case (401, _):
            "The credentials were refused: check the token or certificate, or log in again"
        case (403, _):
            "Give the coordinator's service account or user this permission (kubectl auth can-i shows it)"
        case (404, _):
            "It doesn't exist, or this API server doesn't serve it"
        case (409, "AlreadyExists"):
            "Delete or rename the one that exists"
        case (409, _):
            "Somebody else changes it at the same time: read it again and repeat"
        case (410, _):
            "Start over with a new list"
        case (400, _), (422, _):
            "Correct the fields that the message names"
        case (429, _):
            "The API server is busy: it is tried again later"
        case (.some(500...), _):
            "The API server or something behind it fails: look at its log; it is tried again later"
        case (nil, Self.tlsReason):
            "Check certificate-authority and the server's name in the kubeconfig"
        case (nil, Self.unreadableReason):
            "Something between us and the API server may have changed the answer; check the server's address"
        case (nil, _):
            "Check that the API server is up, its address, and the network to it; it is tried again later"
        default:
            "Look at the API server's log"
        }
    }

    static let unreadableReason = "UnreadableAnswer"
    static let notLeadingReason = "NotLeading"
    static let tlsReason = "TLSFailed"
    static let tooLargeReason = "AnswerTooLarge"
}

extension KubernetesError {
    /// A write that wasn't sent, because this coordinator doesn't lead.
    init(notLeading operation: String) {
        self.init(operation: operation, reason: Self.notLeadingReason, message: "this coordinator doesn't lead")
    }
}
