import Shared

/// What is to be done for one DaemonSet, and what its status says, given the nodes and its pods.
struct DaemonSetPlan: Sendable {
    /// Nodes that get a pod.
    private(set) var creations: [String] = []
    private(set) var deletions: [JSONValue] = []
    /// Pods whose nodes are gone: nobody is left to stop them, so they go at once.
    private(set) var abandoned: [JSONValue] = []
    private(set) var status: JSONValue = .object([:])

    private let template: DaemonSetTemplate

    init(template: DaemonSetTemplate, nodes: [NodeView], pods: [JSONValue]) {
        self.template = template
        let matcher = NodeMatcher(template.template["spec"] ?? .object([:]), tolerations: template.tolerations)
        // A pod that has ended and is being deleted is nobody's business any more: its successor doesn't wait for it.
        let counted = pods.filter { !($0.isBeingDeleted && DaemonSetPlan.hasEnded($0)) }
        let byNode = Dictionary(grouping: counted) { $0.intendedNode ?? "" }
            .mapValues { $0.sorted(by: DaemonSetPlan.isOlder) }
        var counts = Counts()
        var settled: [(pod: JSONValue?, isReady: Bool)] = []
        for node in nodes {
            let own = byNode[node.name] ?? []
            let verdict = matcher.verdict(node)
            manage(node, own, verdict)
            counts.add(own, verdict, isUpdated: isUpdated)
            // Nodes that can't be scheduled to keep their pods and count as wanted (measured).
            guard verdict.mayStart || (verdict.mayStay && !own.isEmpty) else { continue }
            let running = own.filter { !$0.isBeingDeleted && !DaemonSetPlan.hasEnded($0) }
            let only = own.count == 1 ? running.first : nil
            settled.append((only, only.map(DaemonSetPlan.isReady) ?? false))
        }
        let names = Set(nodes.map(\.name))
        abandoned = byNode.filter { !names.contains($0.key) }.flatMap(\.value).sorted(by: DaemonSetPlan.isOlder)
        roll(settled)
        status = counts.status(generation: template.daemonSet.at("metadata", "generation")?.integerValue ?? 0)
    }

    /// A pod for a node that may have one and has none; none for a node that mayn't; one for a node with several.
    private mutating func manage(
        _ node: NodeView, _ pods: [JSONValue], _ verdict: (mayStart: Bool, mayStay: Bool)
    ) {
        if verdict.mayStart, pods.isEmpty { return creations.append(node.name) }
        let present = pods.filter { !$0.isBeingDeleted }
        if !verdict.mayStay { return deletions += present }
        deletions += present.filter(DaemonSetPlan.hasEnded)
        deletions += present.filter { !DaemonSetPlan.hasEnded($0) }.dropFirst()
    }

    /// Replaces old pods, as many at once as `maxUnavailable` allows; old pods that aren't ready cost nothing.
    private mutating func roll(_ nodes: [(pod: JSONValue?, isReady: Bool)]) {
        let strategy = template.daemonSet.at("spec", "updateStrategy") ?? .object([:])
        guard strategy["type"] != "OnDelete" else { return }
        var allowed = DaemonSetPlan.amount(strategy.at("rollingUpdate", "maxUnavailable"), of: nodes.count)
        var candidates: [JSONValue] = []
        for (pod, isReady) in nodes {
            guard let pod else {
                allowed -= 1
                continue
            }
            if isUpdated(pod) {
                if !isReady { allowed -= 1 }
            } else if isReady {
                candidates.append(pod)
            } else {
                allowed -= 1
                deletions.append(pod)
            }
        }
        deletions += candidates.prefix(max(0, allowed))
    }

    private func isUpdated(_ pod: JSONValue) -> Bool {
        pod.labels[DaemonSetTemplate.hashLabel] == template.hash
    }

    static func isReady(_ pod: JSONValue) -> Bool {
        (pod.at("status", "conditions")?.arrayValue ?? []).contains { $0["type"] == "Ready" && $0["status"] == "True" }
    }

    static func hasEnded(_ pod: JSONValue) -> Bool {
        ["Succeeded", "Failed"].contains(pod.at("status", "phase")?.stringValue)
    }

    private static func isOlder(_ left: JSONValue, _ right: JSONValue) -> Bool {
        let times = [left, right].map { $0.at("metadata", "creationTimestamp")?.stringValue ?? "" }
        return times[0] == times[1] ? left.name < right.name : times[0] < times[1]
    }

    /// A number, or a percentage of the nodes rounded up; at least 1, since 0 goes only with a surge, which isn't
    /// simulated.
    private static func amount(_ value: JSONValue?, of count: Int) -> Int {
        if let number = value?.integerValue { return max(1, Int(number)) }
        guard let text = value?.stringValue, text.hasSuffix("%"), let percent = Int(text.dropLast()) else { return 1 }
        return max(1, (count * percent + 99) / 100)
    }
}

extension DaemonSetPlan {
    /// The numbers of a DaemonSet's status.
    struct Counts {
        var desired: Int64 = 0
        var current: Int64 = 0
        var misscheduled: Int64 = 0
        var ready: Int64 = 0
        var updated: Int64 = 0

        mutating func add(
            _ pods: [JSONValue], _ verdict: (mayStart: Bool, mayStay: Bool), isUpdated: (JSONValue) -> Bool
        ) {
            guard verdict.mayStart || (verdict.mayStay && !pods.isEmpty) else {
                if !pods.isEmpty { misscheduled += 1 }
                return
            }
            desired += 1
            guard let pod = pods.first else { return }
            current += 1
            if DaemonSetPlan.isReady(pod) { ready += 1 }
            if isUpdated(pod) { updated += 1 }
        }

        /// Written as the Go type is: the first four always, the others when they aren't zero.
        func status(generation: Int64) -> JSONValue {
            var status: JSONValue = [
                "currentNumberScheduled": .integer(current), "desiredNumberScheduled": .integer(desired),
                "numberMisscheduled": .integer(misscheduled), "numberReady": .integer(ready),
            ]
            for (name, number) in [
                ("numberAvailable", ready), ("numberUnavailable", desired - ready),
                ("updatedNumberScheduled", updated), ("observedGeneration", generation),
            ] where number != 0 {
                status[name] = .integer(number)
            }
            return status
        }
    }
}
