import Shared

/// `KIP_IMAGE`: the image that the agent and `sleep` come from.
enum AgentImage {
    static func parse(_ text: String) throws(ValueFault) -> ImageReference {
        do {
            return try ImageReference(text)
        } catch {
            let complaint = ReferenceComplaint(error)
            throw ValueFault("\"\(Redaction.quote(text))\": \(complaint.message)", next: complaint.nextStep)
        }
    }

    /// Whether it is the Go puller's image, at its home or in a mirror: it has no agent in it.
    static func isGoPuller(_ reference: ImageReference) -> Bool {
        let parts = reference.repository.split(separator: "/").suffix(2)
        guard parts.count == 2, let organisation = parts.first, let name = parts.last else { return false }
        return switch organisation {
        case "eclipse", "che-incubator": name == "kubernetes-image-puller"
        // Red Hat's build of it.
        case "devspaces": name.hasPrefix("imagepuller-rhel")
        default: false
        }
    }
}
