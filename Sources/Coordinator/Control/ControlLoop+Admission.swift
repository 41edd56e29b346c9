import Cluster
import History
import ImageSets
import Planning
import Shared

/// What admission makes of our pods, and whether it lets them in at all.
extension ControlLoop {
    /// What pods name where we write images.
    ///
    /// - Parameters:
    ///   - pairs: an image as it is written, and as the API server has it.
    ///   - isWhole: of a pod as it would be made now. Else of the DaemonSet's template, from which pods can differ further.
    func noteAdmitted(_ pairs: [(written: String, named: String)], isWhole: Bool) {
        var images = isWhole ? AdmittedImages() : admittedImages
        for (written, named) in pairs {
            guard let reference = try? ImageReference(written) else { continue }
            images.note(written: reference, named: named)
        }
        if isWhole { images.merge(named(by: cluster.pods.values)) }
        name(images)
    }

    /// Pods that wait for an image say how they name it.
    func noteNames(in pods: some Sequence<PodView>) {
        guard !isRestricted else { return }
        let found = named(by: pods)
        guard !found.names.isEmpty else { return }
        var images = admittedImages
        images.merge(found)
        name(images)
    }

    private func named(by pods: some Sequence<PodView>) -> AdmittedImages {
        var images = AdmittedImages()
        // An accepted revision can be ahead of the template.
        guard let template, !templateImages.isEmpty else { return images }
        for pod in pods where pod.template == template && !pod.isTerminating {
            for (container, written) in templateImages {
                guard let named = pod.containers[container]?.missingImage else { continue }
                images.note(written: written, named: named)
            }
        }
        return images
    }

    private func name(_ images: AdmittedImages) {
        guard images != admittedImages else { return }
        admittedImages = images
        guard let accepted, images.applied(to: accepted) != configuration else { return }
        adopt(accepted, revision: revision)
    }

    /// The rules that change images of the revision in force.
    func admissionRules() -> [AdmittedImages.Rule] { accepted.map(admittedImages.rules) ?? [] }

    // MARK: Pods that aren't let in

    /// Whose pods are followed, when ready target nodes have none, not even one that waits for the scheduler.
    func placeWithoutPods() -> PodSource? {
        guard let configuration, cluster.isSynced, let source = followedPods.source else { return nil }
        return PodsKeptAway.bare(cluster, configuration).isEmpty ? nil : source
    }

    /// Why the DaemonSet controller can't make pods, in the API server's words; nil: it can, or nobody knows.
    func note(creationFailure words: String?) { creationFailure = words }

    /// Target nodes whose pod is kept away, and by what; nil when there is none.
    func podsKeptAway() -> PodsKeptAway? {
        guard let configuration, cluster.isSynced else { return nil }
        return PodsKeptAway(cluster, configuration, whyNone: whyNoPod, now: clock.now)
    }

    /// Why nodes have no pod, as far as somebody says so.
    var whyNoPod: String? { creationFailure ?? successor.refusal }
}
