import Failures
import Supervision

extension AgentImageTrial {
    /// Why `KIP_IMAGE` isn't what agents run from; nil: it is, or is on its way.
    package var finding: Finding? {
        guard let trouble, let wanted else { return nil }
        let kept = proven.map { "every other node keeps its pod, and the pod template has \($0)" } ?? ""
        switch trouble {
        case .unavailable(let node, let reason, let message):
            return Finding(
                severity: .error, key: "KIP_IMAGE",
                message: "\(wanted) can't be pulled on node \(node) (\(reason.rawValue): \(message)); \(kept)",
                nextStep: "check the reference and IMAGE_PULL_SECRETS; it is tried again by itself")
        case .refused(let pod, let node, let message):
            return Finding(
                severity: .error, key: "KIP_IMAGE",
                message: "\(wanted) doesn't work: its first pod, \(pod) on node \(node), failed "
                    + "(\(message)) and is replaced; \(kept) again",
                nextStep: "name an image that works: an edit of KIP_IMAGE starts a new try")
        }
    }
}
