import Cluster
import Planning
import Testing

@Suite struct SchedulingTests {
    private func node(_ labels: [String: String] = [:], taints: [Taint] = []) -> NodeView {
        var node = NodeView(name: "n1", uid: "u1")
        node.labels = labels
        node.taints = taints
        return node
    }

    @Test func selectsLinuxNodesOnly() {
        #expect(Scheduling().selects(node()))
        #expect(Scheduling().selects(node(["kubernetes.io/os": "linux"])))
        #expect(!Scheduling().selects(node(["kubernetes.io/os": "windows"])))
    }

    @Test func needsEveryLabelOfTheSelector() {
        var scheduling = Scheduling()
        scheduling.nodeSelector = ["a": "1", "b": "2"]
        #expect(scheduling.selects(node(["a": "1", "b": "2", "c": "3"])))
        #expect(!scheduling.selects(node(["a": "1"])))
        #expect(!scheduling.selects(node(["a": "1", "b": "3"])))
    }

    /// Trouble doesn't make a node less of a target; a taint that somebody set does.
    @Test func tellsTroubleFromWill() {
        let trouble = [
            Taint(key: "node.kubernetes.io/not-ready", effect: .noSchedule),
            Taint(key: "node.kubernetes.io/unreachable", effect: .noExecute),
            Taint(key: "node.kubernetes.io/unschedulable", effect: .noSchedule),
            Taint(key: "node.kubernetes.io/disk-pressure", effect: .noSchedule),
        ]
        #expect(Scheduling().selects(node(taints: trouble)))
        #expect(Scheduling().selects(node(taints: [Taint(key: "gpu", effect: .preferNoSchedule)])))
        #expect(!Scheduling().selects(node(taints: [Taint(key: "gpu", effect: .noSchedule)])))
        #expect(!Scheduling().selects(node(taints: [Taint(key: "gpu", value: "a100", effect: .noExecute)])))
    }

    @Test(arguments: [
        (Toleration(key: "gpu", operator: .exists), true),
        (Toleration(key: "gpu", value: "a100"), true),
        (Toleration(key: "gpu", operator: .equal, value: "a100", effect: .noSchedule), true),
        (Toleration(operator: .exists), true),
        (Toleration(key: "gpu", value: "h100"), false),
        (Toleration(key: "gpu", operator: .exists, effect: .noExecute), false),
        (Toleration(key: "other", operator: .exists), false),
    ])
    func tolerates(_ toleration: Toleration, expected: Bool) {
        var scheduling = Scheduling()
        scheduling.tolerations = [toleration]
        let tainted = node(taints: [Taint(key: "gpu", value: "a100", effect: .noSchedule)])
        #expect(scheduling.selects(tainted) == expected)
    }

    @Test(arguments: [
        (NodeSelectorRequirement(key: "zone", operator: .in, values: ["a", "b"]), true),
        (NodeSelectorRequirement(key: "zone", operator: .notIn, values: ["a"]), false),
        (NodeSelectorRequirement(key: "none", operator: .notIn, values: ["a"]), true),
        (NodeSelectorRequirement(key: "zone", operator: .exists), true),
        (NodeSelectorRequirement(key: "none", operator: .doesNotExist), true),
        (NodeSelectorRequirement(key: "zone", operator: .doesNotExist), false),
        (NodeSelectorRequirement(key: "cores", operator: .greaterThan, values: ["7"]), true),
        (NodeSelectorRequirement(key: "cores", operator: .lessThan, values: ["8"]), false),
        (NodeSelectorRequirement(key: "zone", operator: .greaterThan, values: ["1"]), false),
    ])
    func matchesExpressions(_ requirement: NodeSelectorRequirement, expected: Bool) {
        var scheduling = Scheduling()
        var affinity = NodeAffinity()
        affinity.requiredDuringSchedulingIgnoredDuringExecution = NodeSelector(nodeSelectorTerms: [
            NodeSelectorTerm(matchExpressions: [requirement])
        ])
        scheduling.affinity.nodeAffinity = affinity
        #expect(scheduling.selects(node(["zone": "a", "cores": "8"])) == expected)
    }

    @Test func anEmptyTermMatchesNothing() {
        var scheduling = Scheduling()
        var affinity = NodeAffinity()
        affinity.requiredDuringSchedulingIgnoredDuringExecution = NodeSelector(nodeSelectorTerms: [NodeSelectorTerm()])
        scheduling.affinity.nodeAffinity = affinity
        #expect(!scheduling.selects(node()))
    }
}
