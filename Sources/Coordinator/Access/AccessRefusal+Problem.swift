import Control
import HTTPListener
import HTTPTypes
import Manifests
import Reporting
import Shared

extension AccessRefusal {
    /// The HTTP status with which it is answered.
    var statusCode: Int { ProblemDocument(self).code }
}

extension ProblemDocument {
    package init(_ refusal: AccessRefusal, detail: String? = nil) {
        switch refusal {
        case .noToken, .invalidToken, .expiredToken, .wrongAudience, .deletedPod:
            self.init(
                .unauthorized, "unauthorized", title: "The token is missing, wrong or expired",
                detail: detail
                    ?? "Send a bearer token that the API server accepts for this purpose: agents a projected token of "
                    + "audience \(AgentToken.audience), people and programs one of their service account.")
        case .wrongAccount, .unboundToken, .foreignPod, .wrongNode:
            self.init(
                .forbidden, "not-this-agent", title: "This isn't the agent of that node",
                detail: detail
                    ?? "Reports are taken from pods of our DaemonSet alone, each for the node that it runs on.")
        case .forbidden:
            self.init(
                .forbidden, "forbidden", title: "You may not ask that",
                detail: detail ?? "A ClusterRole with this URL under nonResourceURLs, bound to you, allows it.")
        case .ambiguousPath:
            self.init(
                .badRequest, "ambiguous-path", title: "The path can't be read in one way alone",
                detail: "Write it without empty, \".\" and \"..\" parts, control characters and encoded slashes.")
        case .badReport: self.init(ReportFault.unreadable, isJSON: false)
        case .tooMany:
            self.init(
                .tooManyRequests, "too-many-requests", title: "Too many requests",
                detail: "This client asks too often, or has shown too many bad tokens. Wait, and ask again.")
            retryAfter = 2
        case .unavailable:
            self.init(
                .serviceUnavailable, "cannot-authenticate", title: "The token can't be checked now",
                detail: "The API server doesn't answer. Tokens that were checked lately are still taken. Try again.")
            retryAfter = 5
        case .unseenPod:
            self.init(
                .serviceUnavailable, "unseen-pod", title: "The pod isn't known yet",
                detail: "The pod of this token is new; it's known in a moment. Send the report again.")
            retryAfter = 1
        case .notReady: self.init(ReportRefusal.notReady)
        }
    }
}
