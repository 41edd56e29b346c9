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

    /// Whether it is the Go puller's image, which has no agent in it. Its name says so, wherever it is: mirrors have it in
    /// organisations of their own.
    static func isGoPuller(_ reference: ImageReference) -> Bool {
        guard let name = reference.repository.split(separator: "/").last else { return false }
        // Red Hat's builds of it are called imagepuller-rhel8 and imagepuller-rhel9.
        return name == "kubernetes-image-puller" || name.hasPrefix("imagepuller-rhel")
    }
}
