import KubernetesClient
import Planning

extension Timestamp {
    package init(_ time: KubernetesTime) {
        self.init(milliseconds: Int64((time.secondsSinceEpoch * 1000).rounded()))
    }
}
