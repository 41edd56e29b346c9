import ConfigurationParsing
import KubernetesClient
import Manifests

extension ObjectMeta {
    /// Whether the DaemonSet's controller has made the pod. Labels alone are what anybody can write who may create
    /// pods.
    package func isOf(_ source: PodSource) -> Bool {
        guard let owner = controller, owner.kind == "DaemonSet", owner.name == source.daemonSet else { return false }
        return PodNames.labels(daemonSet: source.daemonSet).allSatisfy { labels[$0.key] == $0.value }
    }
}
