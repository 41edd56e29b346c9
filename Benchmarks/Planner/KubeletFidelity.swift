import Cluster
import ClusterModel
import ImageSets
import Planning

/// The kubelet model must do as real kubelets do, or comparing with it is worth nothing: attempts at a missing image
/// were measured on Kubernetes 1.36 at 0, 16, 43, 97, 187, 350 and 650 s.
enum KubeletFidelity {
    static let measured: [Double] = [16, 43, 97, 187, 350, 650]

    static func run() throws {
        var scene = try Scene(nodes: 20, images: 1, size: 1_000_000, bandwidth: 1e9)
        scene.registry.withdraw(scene.images[0].reference)
        var model = scene.kubelets()
        _ = model.advance(to: 700)
        var worst = 0.0
        for node in model.nodeNames {
            let attempts = model.pods(node: node)[0].containers[0].pullAttempts
            for (time, expected) in zip(attempts.dropFirst(), measured) {
                worst = max(worst, abs((time - attempts[0]) - expected) / expected)
            }
        }
        Main.figure("kubelet_attempts_off_by", worst, "ratio")
    }
}
