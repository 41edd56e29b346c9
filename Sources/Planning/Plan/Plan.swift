import Shared

/// What should be done now, and when to look again. Actuators carry it out as it stands.
public struct Plan: Sendable, Equatable {
    public var pulls: [Pull] = []
    public var cancellations: [Cancellation] = []
    public var replacements: [PodReplacement] = []
    /// The next moment at which the plan changes though nothing happens. Nil: never.
    public var wake: Timestamp?

    public init() {}

    /// A pull to start.
    public struct Pull: Sendable, Equatable {
        public var node: String
        public var reference: ImageReference
    }

    /// A pull that nobody waits for any more.
    public struct Cancellation: Sendable, Equatable {
        public var node: String
        public var order: UInt64
    }

    /// A pod to delete, so that the DaemonSet makes it anew from the present template.
    public struct PodReplacement: Sendable, Equatable {
        public var pod: String
        public var uid: String
        public var node: String
    }

    mutating func lookAgain(at moment: Timestamp) {
        wake = wake.map { min($0, moment) } ?? moment
    }
}
