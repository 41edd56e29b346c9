import Cluster
import Planning

extension ContainerView {
    /// The kernel killed it: it took more memory than its limit.
    package static let outOfMemory = "OOMKilled"
}
