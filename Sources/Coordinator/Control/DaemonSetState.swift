import ImageSets
import Planning
import Shared
import Supervision

/// What the control loop knows of the DaemonSet of one image set.
struct DaemonSetState: Sendable {
    /// What pods name where we write images.
    var admittedImages = AdmittedImages()
    /// Why the DaemonSet controller can't make pods.
    var creationFailure: String?
    var template: String?
    /// The images that it writes, by container.
    var templateImages: [String: ImageReference] = [:]
    /// What is known of pods of that template.
    var successor = Successor()
    /// What a container that is added has beside its name and its image.
    var addedContainer: JSONValue?
    /// The API server takes no containers for pods that run, for the time being.
    var refusesAdditions = false
    /// As planning sees it: where there's no frame nothing is added.
    var plannedSuccessor: Successor {
        var planned = successor
        if refusesAdditions { planned.frame = nil }
        return planned
    }
    /// Our own image in that template.
    var templateAgentImage: String?
    /// Why the roll-out of the present template doesn't go on, when it doesn't.
    var rollOutTrouble: Plan.RollOutTrouble?
    /// In restricted mode.
    var retries = RestrictedRetries()

    /// Why nodes have no pod, as far as somebody says so.
    var whyNoPod: String? { creationFailure ?? successor.refusal }
}
