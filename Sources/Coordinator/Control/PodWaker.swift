import Cluster
import Formatting
import History
import KubernetesClient
import Logging
import Manifests
import Planning
import Shared

/// Touches pods, so that their kubelets look at containers whose image has come: an annotation with the time, which
/// nobody reads. Without it they look by themselves, up to 15 s later. Marks pods, too, for another run of the coordinator.
///
/// Where the permission is missing, that is said once, and asked again now and then: nothing else depends on it.
package actor PodWaker {
    private let client: KubernetesClient
    private let clock: CoordinatorClock
    private let logger: Logger
    private var offUntil: ContinuousClock.Instant?
    private var hasSaidSo = false

    private static let forbiddenPause = Duration.seconds(600)

    package init(client: KubernetesClient, clock: CoordinatorClock, logger: Logger) {
        self.client = client
        self.clock = clock
        self.logger = logger
    }

    package func wake(_ wake: Plan.Wake, namespace: String) async {
        await note(PodNames.wokenAnnotation, on: wake.pod, uid: wake.uid, namespace: namespace)
    }

    package func mark(_ mark: Plan.PodMark, namespace: String) async {
        await note(PodNames.replacesNothingAnnotation, on: mark.pod, uid: mark.uid, namespace: namespace)
    }

    private func note(_ annotation: String, on pod: String, uid: String, namespace: String) async {
        if let offUntil, ContinuousClock.now < offUntil { return }
        do {
            try await client.annotate(
                pod, uid: uid, [annotation: .string(clock.now.rfc3339)], namespace: namespace)
            offUntil = nil
        } catch let error as KubernetesError where error.status == 403 {
            offUntil = .now + Self.forbiddenPause
            guard !hasSaidSo else { return }
            hasSaidSo = true
            logger.warning(
                """
                pods can't be woken: their containers start up to 15 s after their image has come. Grant the \
                coordinator's service account the verb patch on pods in namespace \(namespace) (where it was installed by \
                Helm: the chart's value rbac.wakePods)
                """, metadata: ["error": "\(error)"])
        } catch {
            // The pod has gone, or the API server is busy: the kubelet looks by itself.
            logger.debug(
                "a pod was not annotated",
                metadata: ["pod": "\(pod)", "annotation": "\(annotation)", "error": "\(error)"])
        }
    }
}
