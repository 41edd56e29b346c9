import Cluster
import ConfigurationParsing
import Formatting
import ImageSets
import Planning
import Shared

/// Causes that concern single images.
extension NodeDiagnosis {
    func images(_ view: NodeView, _ cells: NodeCells) -> [Cause] {
        guard cells.isKnown else { return [] }
        let row = cells.row
        let images = snapshot.images
        var failing: [Cause] = []
        var waiting: [ImageEntry] = []
        var heldBack: [Cause] = []
        var notHeld: [Cause] = []
        var moved: [Cause] = []
        // Only for those it's worth asking every node.
        let several = snapshot.fleet.columnsWithSeveralImages
        let alone = row[.failed] + row[.pulling] > 0 ? DeviationIndex(snapshot) : nil
        for (position, state) in zip(images.indices, row.states) {
            let image = images[position]
            let column = cells.fleetColumn(position)
            switch state {
            case .failed:
                if let failure = snapshot.fleet.failure(node: node, column: column) {
                    let triers = snapshot.fleet.triers(column: column, platform: view.platform)
                    failing.append(cause(failure, image, alone?[node, image.name], triers.contains(node) ? [] : triers))
                }
            case .missing:
                if let cause = cause(heldBack: image, column, view) {
                    heldBack.append(cause)
                } else {
                    waiting.append(image)
                }
            case .present where cells.isToBeHeld(position):
                if let cause = cause(notWhole: image, places(position, cells)) {
                    notHeld.append(cause)
                } else if let (holder, pod, container) = places(position, cells).first {
                    let refused = cause(refused: image, column, by: pod, container)
                    notHeld += [refused ?? cause(notHeld: image, by: pod, container, holder)].compactMap { $0 }
                }
            case .pulling:
                if let deviation = alone?[node, image.name] { failing.append(cause(hanging: deviation, image)) }
            case .present, .held, .unknown, .unwanted: break
            }
            if state.isPresent, several.contains(column) { moved += [tagMoved(image)].compactMap { $0 } }
            if state.isPresent { moved += [unasked(image, column)].compactMap { $0 } }
        }
        let turn = waiting.isEmpty ? [] : [wait(waiting, view)]
        return failing + passedOver + pulling + heldBack + turn + notHeld + moved
    }

    /// - Parameters:
    ///   - deviation: the node is alone with it.
    ///   - others: that try it meanwhile, while this one doesn't.
    private func cause(
        _ failure: Failure, _ image: ImageEntry, _ deviation: NodeDeviation?, _ others: [String]
    ) -> Cause {
        let seconds = max(0, Double(failure.nextAttempt.milliseconds(since: snapshot.now)) / 1000)
        var found = [
            evidence(
                "\(failure.puller == .kubelet ? "kubelet" : "report") of \(node)",
                "attempt \(failure.attempts) of \(image.reference.written)", failure.message,
                at: failure.lastAttempt)
        ]
        if failure.isRefused, failure.puller == .agent,
            let refusal = snapshot.fleet.kubeletRefusal(of: image.reference)
        {
            found.append(
                evidence(
                    "kubelet of \(refusal.node)", "pull of \(image.reference.written)", refusal.message, at: refusal.at)
            )
        }
        return Cause(
            kind: .imageFailing,
            summary: deviation.map { "\(image.name) can't be pulled: \($0.summary)" }
                ?? "\(image.name) can't be pulled: \(failure.reason.rawValue)"
                + (failure.reason.isPermanent ? ", which needs a change" : ""),
            evidence: found,
            nextStep: Self.step(failure.reason, image.reference, isNodes: deviation != nil),
            planned: !others.isEmpty
                ? "pulled when it works on \(others.joined(separator: " or ")), which try it by turns"
                : seconds > 0 ? "the next attempt is in \(SpanText.seconds(seconds))" : "the next attempt is due",
            images: [image.name])
    }

    /// - Parameter isNodes: the node alone is to blame.
    static func step(_ reason: FailureReason, _ reference: ImageReference, isNodes: Bool = false) -> String {
        let blame = isNodes && reason.blames.contains(.node) ? Blame.node : reason.blames.first
        return NextSteps.step(reason, blame, registry: reference.registry, reference: reference.written)
    }

    private func cause(hanging deviation: NodeDeviation, _ image: ImageEntry) -> Cause {
        Cause(
            kind: .imageFailing, summary: "\(image.name) doesn't come: \(deviation.summary)",
            evidence: [
                evidence("assignment of \(node)", image.reference.written, "under way, without an end")
            ],
            nextStep: Self.step(.timeout, image.reference, isNodes: true),
            planned: "others don't wait for it; it ends at PULL_TIMEOUT_SECONDS", images: [image.name])
    }

    /// That images aren't tried on it first.
    private var passedOver: [Cause] {
        snapshot.fleet.passedOver.filter { $0.node == node }.map { told in
            Cause(
                kind: .imageFailing,
                summary:
                    "it fails at all that it pulls from \(told.registry) (\(counted(told.attempts, "attempt")) in a row, "
                    + "the last as \(told.reason.rawValue)), and others don't: images aren't tried on it first",
                evidence: [
                    evidence("report of \(node)", "attempts from \(told.registry)", told.message, since: told.since)
                ],
                nextStep: NextSteps.step(told.reason, .node, registry: told.registry, reference: "REFERENCE"),
                planned: "its first pull that succeeds ends this")
        }
    }

    private var pulling: [Cause] {
        let names = Dictionary(
            snapshot.images.map { ($0.reference.normalised, $0.name) },
            uniquingKeysWith: { first, _ in first })
        return snapshot.fleet.orders(of: node).map { order in
            let name = names[order.reference.normalised] ?? order.reference.written
            return Cause(
                kind: .pulling, summary: "\(name) is being pulled",
                evidence: [
                    order.puller == .agent
                        ? evidence(
                            "assignment of \(node)", "pull \(order.id)", "under way",
                            since: order.assignedAt)
                        : evidence(
                            "kubelet of \(node)", "pull \(order.id)",
                            "under way, by a pod: agents have no credentials for it",
                            since: order.assignedAt)
                ],
                nextStep: "none: it ends by itself, or at PULL_TIMEOUT_SECONDS "
                    + "(\(SpanText.seconds(Double(snapshot.configuration.pullTimeoutSeconds))))",
                planned: "it ends by \((order.assignedAt + Double(snapshot.configuration.pullTimeoutSeconds)).rfc3339) "
                    + "(PULL_TIMEOUT_SECONDS); should it fail, it is tried again after a pause",
                images: [name])
        }
    }

    func cause(notHeld image: ImageEntry, by pod: PodView, _ name: String, _ holder: Holder) -> Cause? {
        let container = pod.containers[name]
        if let container, container.isRunning { return usesAnother(container, name, than: image, pod, holder) }
        guard let container else { return cause(lacking: image, pod, name, holder) }
        let reason = container.waitingReason ?? ""
        guard !["ErrImageNeverPull", "ContainerCreating", "PodInitializing"].contains(reason) else { return nil }
        // One that was added to the pod as it ran: then the pod counts as one of no template.
        let hasEnded = pod.template == nil
        return Cause(
            kind: .notHeld,
            summary: Self.notHeld(image),
            evidence: [
                evidence(
                    "Pod/\(pod.name)", Self.field("state", of: name, in: pod),
                    [reason, container.waitingMessage ?? ""].filter { !$0.isEmpty }.joined(separator: ": "))
            ],
            nextStep: container.waitingReason == ContainerView.outOfMemory
                ? "raise CACHING_MEMORY_LIMIT (\(holder.configuration.sleepResources.memoryLimit)) in the ConfigMap"
                : "kubectl describe pod \(pod.name) -n \(holder.configuration.namespace)",
            planned: hasEnded
                ? hindrance(of: holder)?.planned ?? Self.plannedReplacement + ", and the new one holds it"
                : "the kubelet starts the container again by itself, after growing pauses; the pod isn't replaced for it",
            images: [image.name])
    }

    /// A container uses it, so that it isn't removed and pulled again.
    private func cause(
        notWhole image: ImageEntry, _ places: [(holder: Holder, pod: PodView, container: String)]
    ) -> Cause? {
        guard let message = snapshot.fleet.unusable[node]?[image.reference.normalised]?.message,
            let place = places.first(where: { $0.pod.containers[$0.container]?.isRunning == false })
        else { return nil }
        let user = places.first { $0.pod.containers[$0.container]?.isRunning == true }
        return Cause(
            kind: .notHeld,
            summary: "\(image.name) is in use but not whole: no other container can be made of it, "
                + "nor of pods that use it on this node",
            evidence: [
                evidence("Pod/\(place.pod.name)", Self.field("state", of: place.container, in: place.pod), message)
            ],
            nextStep: user.map {
                "kubectl delete pod \($0.pod.name) -n \($0.holder.configuration.namespace): it uses the image"
            } ?? "delete the pods on the node that use it",
            planned: "it is removed and pulled again when no container uses it", images: [image.name])
    }

    /// The tag was pulled anew, and the pod's container still runs what it meant before.
    private func usesAnother(
        _ container: ContainerView, _ name: String, than image: ImageEntry, _ pod: PodView, _ holder: Holder
    ) -> Cause? {
        guard let column = snapshot.fleet.column(of: image.reference),
            let own = snapshot.fleet.image(of: node, column: column), !own.digests.isEmpty,
            // An id, or `repository@digest`.
            let used = container.imageID.split(separator: "@").last, used != own.id, !own.hashes.contains(used)
        else { return nil }
        return Cause(
            kind: .notHeld,
            summary: "\(image.name) is present but not held: its container still uses what its tag meant before",
            evidence: [
                evidence(
                    "Pod/\(pod.name)", Self.field("imageID", of: name, in: pod), container.imageID),
                evidence("report of \(node)", "id of \(image.reference.written)", own.id),
            ],
            nextStep: hindrance(of: holder)?.nextStep
                ?? "none, unless the node is under disk pressure or close to it: then free space on it",
            planned: hindrance(of: holder)?.planned
                ?? Self.plannedReplacement + ", and the new one uses the image that is there then",
            images: [image.name])
    }

    /// The node's image differs from the one that most other nodes have.
    private func tagMoved(_ image: ImageEntry) -> Cause? {
        guard image.reference.isMutable, snapshot.fleet.nodes.count > 1 else { return nil }
        let holders = snapshot.fleet.holders(of: image.reference, now: snapshot.now)
        guard let own = holders[node] else { return nil }
        let arch = snapshot.cluster.nodes[node]?.architecture
        var counts: [String: Int] = [:]
        // Another platform has another image of the same tag.
        for (name, held) in holders where snapshot.cluster.nodes[name]?.architecture == arch {
            counts[held.id, default: 0] += 1
        }
        guard let most = counts.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }), most.key != own.id,
            most.value > counts[own.id] ?? 0
        else { return nil }
        return Cause(
            kind: .tagMoved,
            summary:
                "\(image.name) is another image here than on \(counted(most.value, "other node")): its tag has moved",
            evidence: [
                evidence("report of \(node)", "id of \(image.reference.written)", own.id),
                evidence("reports of the others", "id of \(image.reference.written)", most.key),
            ],
            nextStep: "list the image by its digest to have the same one everywhere",
            planned: plannedPull(of: image, own: own.id), images: [image.name])
    }

    /// The tag isn't asked for on the node, or what it means by now isn't pulled: a second image wouldn't fit beside this one.
    private func unasked(_ image: ImageEntry, _ column: Int) -> Cause? {
        guard image.reference.isMutable,
            let shortage = snapshot.fleet.shortageOfRefresh(
                node: node, column: column, highPercent: snapshot.configuration.imageGCHighPercent)
        else { return nil }
        let meaning = snapshot.fleet.tagMeaning(
            of: image.reference, platform: snapshot.cluster.nodes[node]?.platform ?? "", now: snapshot.now)
        let isBehind = meaning.imageID.map { $0 != snapshot.fleet.image(of: node, column: column)?.id } ?? false
        // Mostly another node asks, and gets what all have.
        guard isBehind || meaning.nextCheck + Self.patience <= snapshot.now else { return nil }
        return Cause(
            kind: .tagMoved,
            summary: isBehind
                ? "\(image.name) is another image here than its tag means by now, and that one wouldn't fit beside it"
                : "\(image.name)'s tag isn't asked for again: no node that has it has room for another image of its size",
            evidence: [
                evidence(
                    "report of \(node)", "image file system",
                    "it would take about \(SpanText.bytes(Int64(clamping: shortage.neededBytes))), and "
                        + "\(SpanText.bytes(Int64(clamping: shortage.availableBytes))) are left before the kubelet's "
                        + "garbage collection begins (IMAGE_GC_HIGH_PERCENT)")
            ],
            nextStep: "free space on the node or enlarge its disk; images listed by digest are never asked for again",
            planned: "\(isBehind ? "it is pulled" : "the registry is asked") as soon as it fits",
            images: [image.name])
    }

    /// Seconds that a question may be late: the node pulls something else, or the registry is busy.
    private static let patience = 300.0

    /// What the planner does about a tag that means several images.
    private func plannedPull(of image: ImageEntry, own: String) -> String {
        if let column = snapshot.fleet.column(of: image.reference),
            snapshot.fleet.hasOtherMirror(node, column: column)
        {
            return "this node asked, and its mirror has another age of the tag: it asks again after the next check "
                + "(CACHING_INTERVAL_HOURS)"
        }
        let meaning = snapshot.fleet.tagMeaning(
            of: image.reference, platform: snapshot.cluster.nodes[node]?.platform ?? "", now: snapshot.now)
        if let newest = meaning.imageID, meaning.nextCheck > snapshot.now {
            return newest == own
                ? "the other nodes pull what this one has, as soon as they and the registry have room"
                : "it is pulled again as soon as the node and the registry have room"
        }
        let when = meaning.nextCheck > snapshot.now ? "at \(meaning.nextCheck.rfc3339)" : "when a node has room"
        return "the registry is asked again what the tag means \(when) (CACHING_INTERVAL_HOURS), and nodes that have "
            + "another image pull that one"
    }

    static func list(_ names: [String]) -> String {
        names.count <= 4
            ? names.joined(separator: ", ") : names.prefix(3).joined(separator: ", ") + " and \(names.count - 3) others"
    }
}
