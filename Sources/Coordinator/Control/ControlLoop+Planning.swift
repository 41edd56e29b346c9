import Cluster
import History
import ImageSets
import Logging
import Planning
import Supervision
import Telemetry

extension ControlLoop {
    func replan() {
        wake?.cancel()
        guard let configuration else { return }
        hearHeartbeats()
        let now = clock.now
        let start = ContinuousClock.now
        let roster = self.roster ?? renewRoster(configuration, at: now)
        let own = daemonSets[ImageSet.defaultName]
        let further = knownSets
        var plan = Planner.plan(
            configuration: configuration, cluster: cluster, fleet: fleet, roster: roster, template: own?.template,
            successor: own?.plannedSuccessor ?? Successor(), further: further, now: now)
        retry(configuration, of: ImageSet.defaultName, &plan, at: now)
        for set in further { retry(set.configuration, of: set.name, &plan, at: now) }
        reviewAgentImage(plan, at: now)
        let openings = gates.openings(
            &plan, configuration: configuration, cluster: cluster, fleet: fleet, template: own?.template,
            further: further, now: now)
        Instruments.planned(since: start)
        let outcome = fleet.carryOut(plan, at: now)
        if !isRestricted { tell(outcome.transitions) }
        logCircuits()
        for node in outcome.nodes { wakeAgent(of: node) }
        reports.set(silence: fleet.silenceSeconds)
        for set in Array(daemonSets.keys) { daemonSets[set]?.rollOutTrouble = plan.rollOuts[set] }
        open(openings)
        carryOutPullPods(plan, configuration)
        for replacement in plan.replacements {
            replace(replacement, namespace: namespace(of: replacement.set) ?? configuration.namespace)
        }
        adopt(plan.adoptions) { namespace(of: $0) ?? configuration.namespace }
        for wake in plan.wakes {
            let namespace = namespace(of: wake.set) ?? configuration.namespace
            // That makes the kubelet look, too.
            guard wake.additions.isEmpty else {
                add(to: wake, namespace: namespace)
                continue
            }
            Task { [wakePod] in await wakePod(wake, namespace) }
        }
        for mark in plan.marks {
            let namespace = namespace(of: mark.set) ?? configuration.namespace
            // The watch will say the same.
            cluster.pods[mark.uid]?.replacesNothing = true
            cluster.unscheduled[mark.uid]?.replacesNothing = true
            Task { [markPod] in await markPod(mark, namespace) }
        }
        if let moment = plan.wake {
            wake = Task { [signal] in
                try? await Task.sleep(for: .milliseconds(max(1, moment.milliseconds(since: now))))
                if !Task.isCancelled { signal.yield() }
            }
        }
        if !plan.cancellations.isEmpty || !plan.pulls.isEmpty || !plan.shortages.isEmpty { signal.yield() }
        noteSilence(at: now)
    }

    /// Finds out anew which nodes the sets select, and tells them what is wanted of them.
    private func renewRoster(_ configuration: Configuration, at now: Timestamp) -> Roster {
        renewPins()
        let roster = Roster(cluster, scheduling: configuration.scheduling, sets: sets)
        noteMembers(roster, at: now)
        self.roster = roster
        let interval = fleet.heartbeatSeconds
        if fleet.resize(to: roster.count, at: now) { wakeAgents() }
        // A longer interval is told with the next answers.
        if fleet.heartbeatSeconds != interval { reports.invalidateAll() }
        serve(roster, at: now)
        noteSets(roster, at: now)
        return roster
    }

    /// In restricted mode.
    private func retry(_ configuration: Configuration, of set: String, _ plan: inout Plan, at now: Timestamp) {
        let template = daemonSets[set]?.template
        daemonSets[set]?.retries.add(
            to: &plan, of: set, configuration: configuration, cluster: cluster, template: template, now: now,
            using: &random)
    }

    /// Where a set's pods are.
    func namespace(of set: String) -> String? { followedPods.sources[set]?.namespace }

    private func replace(_ replacement: Plan.PodReplacement, namespace: String) {
        let pod = cluster.pods[replacement.uid] ?? cluster.unscheduled[replacement.uid]
        let isOutdated = pod?.template != daemonSets[replacement.set]?.template
        let isRestricted = configuration?.runtimeSocket == RuntimeSocket.none
        let containers = daemonSets[replacement.set]?.successor.containers.count ?? 0
        let lacksContainers = pod.map { $0.frame != nil && $0.images.count < containers } ?? false
        logger.info(
            isOutdated
                ? "replacing a pod of an older template"
                : isRestricted
                    ? "replacing a pod whose kubelet can't pull"
                    : lacksContainers
                        ? "replacing a pod that lacks containers which can't be added to it"
                        : "replacing a pod that holds what a tag meant before",
            metadata: ["pod": "\(replacement.pod)", "node": "\(replacement.node)"])
        // The watch will say the same; until then the pod must not be planned for again.
        cluster.pods[replacement.uid]?.isTerminating = true
        cluster.unscheduled[replacement.uid]?.isTerminating = true
        notePods(of: [replacement.node])
        if let pod { reviewAgents(afterChangeOf: pod, isGone: false) }
        Task {
            do {
                try await replacePod(replacement, namespace)
            } catch {
                logger.warning(
                    "a pod could not be deleted; it is tried again",
                    metadata: ["pod": "\(replacement.pod)", "error": "\(error)"])
                try? await Task.sleep(for: .seconds(5))
                replacementFailed(replacement)
            }
        }
    }

    private func replacementFailed(_ replacement: Plan.PodReplacement) {
        guard cluster.pods[replacement.uid] != nil || cluster.unscheduled[replacement.uid] != nil else { return }
        fleet.replacementFailed(replacement)
        cluster.pods[replacement.uid]?.isTerminating = false
        cluster.unscheduled[replacement.uid]?.isTerminating = false
        notePods(of: [replacement.node])
        signal.yield()
    }
}
