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
    ///   - set: whose DaemonSet it is.
    func noteAdmitted(
        _ pairs: [(written: String, named: String)], isWhole: Bool, of set: String = ImageSet.defaultName
    ) {
        guard let known = daemonSets[set]?.admittedImages else { return }
        var images = isWhole ? AdmittedImages() : known
        for (written, named) in pairs {
            guard let reference = try? ImageReference(written) else { continue }
            images.note(written: reference, named: named)
        }
        if isWhole { images.merge(named(by: cluster.pods.of(set), of: set)) }
        name(images, of: set)
    }

    /// Pods that wait for an image say how they name it.
    func noteNames(in pods: some Sequence<PodView>, of set: String) {
        guard !isRestricted, var images = daemonSets[set]?.admittedImages else { return }
        let found = named(by: pods, of: set)
        guard !found.names.isEmpty else { return }
        images.merge(found)
        name(images, of: set)
    }

    private func named(by pods: some Sequence<PodView>, of set: String) -> AdmittedImages {
        var images = AdmittedImages()
        // An accepted revision can be ahead of the template.
        guard let state = daemonSets[set], let template = state.template, !state.templateImages.isEmpty else {
            return images
        }
        for pod in pods where pod.template == template && !pod.isTerminating {
            for (container, written) in state.templateImages {
                guard let named = pod.containers[container]?.missingImage else { continue }
                images.note(written: written, named: named)
            }
        }
        return images
    }

    private func name(_ images: AdmittedImages, of set: String) {
        guard images != daemonSets[set]?.admittedImages else { return }
        daemonSets[set]?.admittedImages = images
        guard set == ImageSet.defaultName else { return adoptSets(isEdit: true) }
        guard let accepted, images.applied(to: accepted) != configuration else { return }
        adopt(accepted, revision: revision)
    }

    /// The rules that change images of the revision in force.
    func admissionRules(of set: String = ImageSet.defaultName) -> [AdmittedImages.Rule] {
        let accepted = set == ImageSet.defaultName ? accepted : held.first { $0.name == set }?.configuration
        return accepted.flatMap { daemonSets[set]?.admittedImages.rules(in: $0) } ?? []
    }

    // MARK: Pods that aren't let in

    /// The DaemonSet of an image set, when ready nodes that it selects have no pod, not even one that waits for the scheduler.
    func placeWithoutPods(of set: String) -> PodSource? {
        guard let configuration = configuration(of: set), cluster.isSynced, let source = followedPods.sources[set]
        else { return nil }
        return PodsKeptAway.bare(cluster, configuration, of: set).isEmpty ? nil : source
    }

    /// Why the DaemonSet controller can't make pods, in the API server's words; nil: it can, or nobody knows.
    func note(creationFailure words: String?, of set: String) { daemonSets[set]?.creationFailure = words }

    /// Target nodes whose pod is kept away, and by what; nil when there is none.
    func podsKeptAway(of set: String) -> PodsKeptAway? {
        guard let configuration = configuration(of: set), cluster.isSynced else { return nil }
        return PodsKeptAway(cluster, configuration, of: set, whyNone: daemonSets[set]?.whyNoPod, now: clock.now)
    }
}
