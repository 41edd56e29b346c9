import Cluster
import ImageSets

/// Which nodes' pods of an image set aren't back.
///
/// Deletions of ours take places for as long as a pod may take; what was lost by them counts for longer, so that no
/// template costs more nodes than the limit, however slowly.
struct RollOutPlaces {
    /// Nodes whose pods take places.
    private(set) var taken: Set<String> = []
    /// Nodes that have lost what they held by deletions of ours, and haven't got it back.
    private(set) var lost: Set<String> = []
    /// Those of which this run knows it.
    private(set) var surelyLost: Set<String> = []
    /// How many pods may be deleted while the template isn't known to work.
    private(set) var roomOfTrial = 1
    /// No pod is away.
    private(set) var isQuiet = true
    /// Of the first try that failed, or seems to.
    private(set) var trouble: Plan.RollOutTrouble?

    /// Nodes that decide about a template.
    static let mostTries = 3

    init() {}

    /// - Parameter nodes: the ready target nodes.
    init(_ planner: Planner, nodes: [String], template: String, isProven: Bool, _ plan: inout Plan) {
        let (cluster, configuration, now) = (planner.cluster, planner.configuration, planner.now)
        let set = planner.set
        let book = planner.fleet.rollOut(of: set)
        let waiting = Dictionary(grouping: cluster.unscheduled.values.filter { $0.set == set }, by: \.node)
        var away: Set<String> = []
        var failed = 0
        var lost: Set<String> = []
        var isUnderWay = false
        // Where nothing is held yet an earlier run can't have cost anything: of some set it leaves one node.
        let isFirstLook =
            !book.hasLooked && !(cluster.pods.of(set).isEmpty && waiting.isEmpty)
            && cluster.pods.values.contains { !$0.isTerminating && !$0.held.isEmpty }
        let isRolling = cluster.pods.of(set).contains { !$0.isTerminating && $0.template != template }
        for node in nodes {
            let living = cluster.pods.living(on: node, of: set)
            let entry = book.entries[node]
            let pod = (living + (waiting[node] ?? []).filter { !$0.isTerminating }).first
            let isNew = pod.map { $0.template == template } ?? true
            // Where an earlier run deleted the predecessor nobody knows what that held: all that is on its way is awaited.
            let isUnclear =
                entry.map { $0.held.isEmpty && $0.isLost(under: template) } ?? (isFirstLook && isNew && isRolling)
            let isBack = living.contains {
                $0.isBack(holding: entry?.held ?? [], under: configuration) && ($0.isSettled || !isUnclear)
            }
            // A pod whose agent runs has yet to report.
            let isTry =
                !isProven && isNew
                && (isBack || (entry.map { $0.isTry && $0.template == template } ?? !book.hasLooked))
            guard !isBack || isTry else { continue }
            away.insert(node)
            // Of an agent that runs, reports are awaited from now on: this run may have begun a moment ago.
            let began = entry?.since ?? (isBack ? nil : pod?.createdAt) ?? now
            let since = max(began, pod?.createdAt ?? Timestamp(milliseconds: 0))
            let isWorking = living.contains { $0.isWorking(under: configuration) }
            let isSettled = isWorking && pod?.isSettled == true
            let deadline =
                since
                + book.patience(
                    isWorking: isWorking && (isBack || !isSettled), isWaiting: living.isEmpty && pod != nil)
            let isOver = deadline <= now
            if !isOver { plan.lookAgain(at: deadline) }
            if !isBack {
                // A former pod that holds images is yet to be replaced, though no agent runs in it; one that has all that it
                // will have waits for nothing.
                if !isOver, isNew || pod?.held.isEmpty == true && !isSettled { taken.insert(node) }
                // Of what an earlier run left, young pods came in the place of others, and those of this template while there
                // are former ones; the rest was away before, or never fits. One that holds something is no loss.
                let isFound =
                    isFirstLook && pod?.replacesNothing != true
                    && living.allSatisfy { $0.held.isEmpty || isUnclear && !$0.isSettled }
                    && (isNew && isRolling || since + RollOutBook.silencePatience > now)
                if entry?.isLost(under: template) ?? isFound {
                    lost.insert(node)
                } else if isOver, entry != nil, let pod, pod.held.isEmpty, !pod.replacesNothing {
                    plan.marks.append(Plan.PodMark(set: set, pod: pod.name, uid: pod.uid))
                }
                if entry?.held.isEmpty == false { surelyLost.insert(node) }
            }
            guard isTry else { continue }
            if isOver { failed += 1 } else { isUnderWay = true }
            let silence = pod?.silence(isBack, configuration) ?? "no pod comes in place of the one that was deleted"
            let message = pod?.obstacle(under: configuration) ?? (isOver ? silence : nil)
            if trouble == nil, let message {
                trouble = Plan.RollOutTrouble(pod: pod?.name ?? "", node: node, message: message)
            }
        }
        plan.looks[set] = Plan.Look(
            template: template, away: away, lost: lost, listed: Set(configuration.images.map(\.container)))
        isQuiet = away.isEmpty
        self.lost = lost
        // The last node isn't given for it.
        let tries = min(Self.mostTries, max(1, nodes.count - 1))
        let isDecided = failed >= tries
        trouble?.isFinal = isDecided
        trouble?.isLastTry = failed + 1 >= tries
        if isUnderWay || isDecided { roomOfTrial = 0 }
    }
}

extension PodView {
    /// No container of it is on its way.
    fileprivate var isSettled: Bool { containers.values.allSatisfy { $0.isRunning || $0.trouble != nil } }

    /// Why it isn't believed to work, when no container that comes before all others says why.
    fileprivate func silence(_ isBack: Bool, _ configuration: Configuration) -> String {
        if isBack, configuration.runtimeSocket != .none { return "its agent runs, but sends no report" }
        let words = refused ?? [reason, message].filter { !$0.isEmpty }.joined(separator: ": ")
        if !words.isEmpty { return words }
        let failed = containers.values.lazy.compactMap(\.trouble).min()
        return failed.map { "no container of an image runs: \($0)" } ?? "its containers don't start"
    }
}
