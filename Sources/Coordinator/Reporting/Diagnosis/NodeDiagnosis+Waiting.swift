import Planning
import Shared

/// Images that nobody pulls yet, with what they wait for.
extension NodeDiagnosis {
    func wait(_ images: [ImageEntry], _ view: NodeView) -> Cause {
        let own = snapshot.fleet.orders(of: node).count
        var found: [Cause.Evidence] = []
        if own >= Planner.pullsPerNode {
            found.append(evidence("node \(node)", "pulls at once", "\(own), which is the most that a node runs"))
        }
        for registry in Set(images.map(\.reference.registry)).sorted() { found.append(pace(of: registry)) }
        let trials = images.compactMap { image in trial(of: image, view).map { (image, $0) } }
        found += trials.map { image, trial in
            evidence("image \(image.name)", "tried first on \(trial.node)", trial.outcome, at: trial.since)
        }
        let names = images.map(\.name)
        var planned: String? = "pulled as soon as the node and the registry have room"
        if let first = trials.first, trials.count == images.count {
            planned =
                "pulled when \(first.1.node) has had it" + (first.1.next.map { "; it tries again in \($0)" } ?? "")
        } else if view.hasDiskPressure || !view.isReady {
            planned = nil
        }
        return Cause(
            kind: .waiting,
            summary: "\(Self.list(names)) \(names.count == 1 ? "waits" : "wait") for a turn to be pulled",
            evidence: found, nextStep: Self.step(trials.map(\.1), images), planned: planned, images: names)
    }

    private static func step(_ trials: [FirstTry], _ images: [ImageEntry]) -> String {
        guard let first = trials.first else {
            return "none; PULL_MAX_PARALLEL raises the cap, if the registry can bear more"
        }
        return "coordinator node \(first.node): what keeps it from pulling keeps the others waiting"
    }

    /// How many pulls the registry is given at once, and why no more.
    private func pace(of registry: String) -> Cause.Evidence {
        let cap = snapshot.configuration.pullMaxParallel
        let running = snapshot.fleet.orders.count { $0.order.reference.registry == registry }
        let pace = snapshot.fleet.experience.registries[registry] ?? RegistryPace()
        let object = "registry \(registry)"
        if let opened = pace.circuit.openedAt {
            return evidence(
                object, "pulls at once",
                "it fails on many nodes; one at a time asks whether it answers again", at: opened)
        }
        if let until = pace.pausedUntil, until > snapshot.now {
            return evidence(object, "pulls at once", "none: it asked to be left alone until \(until.rfc3339)")
        }
        let window = Int(pace.window)
        return evidence(
            object, "pulls at once",
            window < cap
                ? "\(running) of \(window), which grows while it answers well (PULL_MAX_PARALLEL is \(cap))"
                : "\(running) of \(cap) (PULL_MAX_PARALLEL)")
    }

    /// The node that tries an image before the others may.
    private struct FirstTry {
        var node: String
        var outcome: String
        var since: Timestamp?
        /// Until its next attempt; nil when it's due.
        var next: String?
    }

    private func trial(of image: ImageEntry, _ view: NodeView) -> FirstTry? {
        let key = Trial.Key(reference: image.reference.normalised, platform: view.platform)
        guard let first = snapshot.fleet.experience.trials[key]?.node, first != node else { return nil }
        guard let column = snapshot.configuration.images.firstIndex(of: image),
            let failure = snapshot.fleet.failure(node: first, column: column)
        else { return FirstTry(node: first, outcome: "it is trying") }
        let seconds = Double(failure.nextAttempt.milliseconds(since: snapshot.now)) / 1000
        return FirstTry(
            node: first, outcome: "\(failure.reason.rawValue): \(failure.message)", since: failure.lastAttempt,
            next: seconds > 0 ? SpanText.seconds(seconds) : nil)
    }
}
