import Shared

/// The calls of the Container Runtime Interface that caching images needs.
///
/// Every call throws when it can't be answered; no answer is ever read as an empty one.
protocol ContainerRuntime: Sendable {
    /// The socket in use, for reports.
    var socket: String { get }
    func version() async throws -> CRIVersionResponse
    func images() async throws -> [CRIImage]
    func containers() async throws -> [CRIContainer]
    /// The image that the runtime itself resolves the reference to; nil when it has none.
    func image(for reference: String) async throws -> CRIImage?
    /// What the runtime tells of one of its images in a verbose answer, as JSON; nil when it tells nothing.
    func info(of id: String) async throws -> String?
    /// Pulls and unpacks; returns the runtime's name for the image. Cancelling the task ends the pull.
    func pull(_ reference: String, auth: CRIAuthConfig?, timeout: Duration) async throws -> String
    /// Removes the image that the reference means; containerd removes all of its names.
    func remove(_ reference: String, timeout: Duration) async throws
}

/// Where a runtime comes from: found anew whenever the former one stopped answering.
protocol RuntimeSource: Sendable {
    func current() async throws(RuntimeFailure) -> any ContainerRuntime

    /// Which runtime the kubelet uses, in the kubelet's words; empty: not known.
    func expect(_ version: String)

    /// The one in use doesn't answer any more: it is to be found anew.
    func forget()
}

extension RuntimeSource {
    func expect(_ version: String) {}
    func forget() {}
}
