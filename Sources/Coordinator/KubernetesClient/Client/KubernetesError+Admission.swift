/// What a failed dry run of a creation says of the object.
extension KubernetesError {
    package enum Admission: Sendable {
        /// Nothing like it is let in.
        case refused
        /// It couldn't be asked, or depends on what is there now.
        case unknown
        /// The server may say more another time.
        case later
    }

    /// Pod Security, SecurityContextConstraints and most policies answer 403, as missing permissions do; webhooks 400 or
    /// what they like; the object's own faults are 422.
    package var admission: Admission {
        switch status {
        case 400, 403, 422:
            // A webhook with side effects isn't asked. A quota counts the pod that would be deleted before.
            let isUnknown = ["cannot create resource", "dry run", "dryRun", "exceeded quota"].contains {
                message.contains($0)
            }
            return isUnknown ? .unknown : .refused
        case 404, 405, 415: return .unknown
        default: return .later
        }
    }
}
