import Cluster
import KubernetesClient
import Planning
import Shared

extension Timestamp {
    package init(_ time: KubernetesTime) {
        self.init(milliseconds: Int64(saturating: (time.secondsSinceEpoch * 1000).rounded()))
    }
}
