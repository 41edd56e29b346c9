import Shared
import Testing

@testable import ClusterSimulator

@Suite struct DaemonSetControllerTests {
    /// A cluster whose kubelets do at once what they are asked to.
    private struct Cluster {
        let api: APIFixture
        let controller: DaemonSetController
        var store: ObjectStore { api.store }

        init(nodes: Int, strategy: JSONValue? = nil) async throws {
            api = try await APIFixture()
            controller = DaemonSetController(store: api.store)
            for index in 1...nodes { try await store.create(.nodes, object: APIFixture.node("n\(index)")) }
            var set = APIFixture.daemonSet("d1")
            set.set("spec", "updateStrategy", to: strategy)
            try await store.create(.daemonSets, namespace: "facts", object: set)
        }

        /// Stops pods that are being deleted and starts the others.
        func kubelets() async throws {
            for pod in await store.list(.pods).items {
                if pod.isBeingDeleted {
                    await store.finishDeletion(namespace: "facts", name: pod.name)
                } else {
                    try await store.mutate(.pods, namespace: "facts", name: pod.name, subresource: .status) {
                        $0["status"] = ["phase": "Running", "conditions": [["type": "Ready", "status": "True"]]]
                    }
                }
            }
        }

        func round() async throws {
            await controller.reconcile()
            try await kubelets()
            await controller.reconcile()
        }

        var set: JSONValue {
            get async { await store.get(.daemonSets, namespace: "facts", name: "d1") ?? .null }
        }

        var pods: [JSONValue] { get async { await store.list(.pods).items } }

        func taint(_ name: String, _ effects: String...) async throws {
            let taints = effects.map { effect -> JSONValue in
                ["key": "node.kubernetes.io/unreachable", "effect": .string(effect)]
            }
            try await store.mutate(.nodes, name: name) { $0.set("spec", "taints", to: .array(taints)) }
        }

        func changeTemplate(_ image: String) async throws {
            try await store.mutate(.daemonSets, namespace: "facts", name: "d1") {
                $0.set("spec", "template", "spec", "containers", to: [["name": "c", "image": .string(image)]])
            }
        }
    }

    @Test func readyDaemonSetLooksLikeARealOne() async throws {
        let cluster = try await Cluster(nodes: 3)
        try await cluster.round()
        let fact = try Fact("daemonset.ready.json").json
        let set = await cluster.set
        #expect(set["status"] == fact["status"])
        #expect(set["spec"] == fact["spec"])
        #expect(set.at("metadata", "generation") == 1)
        let event = try Fact("watch.pods.rv0.head.ndjson").lines[1]
        let real = event["object"] ?? .null
        let pod = await cluster.pods.first { $0.at("spec", "nodeName") == "n1" } ?? .null
        #expect(pod.at("metadata", "labels")?.shape() == real.at("metadata", "labels")?.shape())
        #expect(pod.at("metadata", "ownerReferences")?.shape() == real.at("metadata", "ownerReferences")?.shape())
        #expect(pod.at("spec", "affinity") == real.at("spec", "affinity"))
        #expect(pod.at("spec", "tolerations") == real.at("spec", "tolerations"))
        for member in ["restartPolicy", "dnsPolicy", "serviceAccountName", "schedulerName", "priority"] {
            #expect(pod.at("spec", member) == real.at("spec", member))
        }
        let revisions = await cluster.store.list(.controllerRevisions).items
        let revision = try Fact("controllerrevisions.json").json["items"]?.arrayValue?.last ?? .null
        #expect(revisions.first?["data"] == revision["data"])
        #expect(revisions.first?["revision"] == 1)
    }

    @Test func newDaemonSetLeavesUnreachableNodesOut() async throws {
        let cluster = try await Cluster(nodes: 3)
        try await cluster.taint("n3", "NoSchedule", "NoExecute")
        try await cluster.round()
        #expect(await cluster.set.at("status", "desiredNumberScheduled") == 2)
        #expect(await cluster.set.at("status", "numberReady") == 2)
        #expect(await cluster.pods.count == 2)
    }

    @Test func olderDaemonSetKeepsItsPodOnAnUnreachableNode() async throws {
        let cluster = try await Cluster(nodes: 3)
        try await cluster.round()
        try await cluster.taint("n3", "NoSchedule", "NoExecute")
        let pod = await cluster.pods.first { $0.at("spec", "nodeName") == "n3" } ?? .null
        try await cluster.store.mutate(.pods, namespace: "facts", name: pod.name, subresource: .status) {
            $0.set("status", "conditions", to: [["type": "Ready", "status": "False"]])
        }
        await cluster.controller.reconcile()
        let status = await cluster.set["status"]
        #expect(status?["desiredNumberScheduled"] == 3)
        #expect(status?["numberReady"] == 2)
        #expect(status?["numberUnavailable"] == 1)
        #expect(status?["numberMisscheduled"] == 0)
    }

    @Test func selectorAndAffinityDecide() async throws {
        let cluster = try await Cluster(nodes: 1)
        try await cluster.store.create(.nodes, object: APIFixture.node("a", labels: ["zone": "x", "os": "linux"]))
        try await cluster.store.create(.nodes, object: APIFixture.node("b", labels: ["zone": "y", "os": "linux"]))
        try await cluster.store.mutate(.daemonSets, namespace: "facts", name: "d1") {
            $0.set("spec", "template", "spec", "nodeSelector", to: ["os": "linux"])
            $0.set(
                "spec", "template", "spec", "affinity", "nodeAffinity",
                "requiredDuringSchedulingIgnoredDuringExecution",
                to: ["nodeSelectorTerms": [["matchExpressions": [["key": "zone", "operator": "In", "values": ["y"]]]]]])
        }
        try await cluster.round()
        #expect(await cluster.pods.map { $0.at("spec", "nodeName") } == ["b"])
        try await cluster.store.mutate(.nodes, name: "b") { $0.set("metadata", "labels", "zone", to: "x") }
        try await cluster.round()
        #expect(await cluster.pods.isEmpty)
    }

    @Test func onDeleteReplacesOnlyDeletedPods() async throws {
        let cluster = try await Cluster(nodes: 3, strategy: ["type": "OnDelete"])
        try await cluster.round()
        let before = Set(await cluster.pods.map(\.uid))
        try await cluster.changeTemplate("busy:2")
        for _ in 0..<3 { try await cluster.round() }
        #expect(Set(await cluster.pods.map(\.uid)) == before)
        #expect(await cluster.set.at("status", "updatedNumberScheduled") == nil)
        #expect(await cluster.set.at("status", "observedGeneration") == 2)
        let first = await cluster.pods.first ?? .null
        try await cluster.store.delete(.pods, namespace: "facts", name: first.name)
        for _ in 0..<2 { try await cluster.round() }
        #expect(Set(await cluster.pods.map(\.uid)).intersection(before).count == 2)
        #expect(await cluster.set.at("status", "updatedNumberScheduled") == 1)
        #expect(await cluster.pods.map { $0.labels["pod-template-generation"] }.contains("2"))
    }

    @Test func rollingUpdateKeepsAllButOneUp() async throws {
        let cluster = try await Cluster(nodes: 3)
        try await cluster.round()
        try await cluster.changeTemplate("busy:2")
        await cluster.controller.reconcile()
        #expect(try await cluster.set["status"] == Fact("daemonset.rolling.json").json["status"])
        for _ in 0..<6 {
            await cluster.controller.reconcile()
            #expect(await cluster.pods.filter(\.isBeingDeleted).count <= 1)
            try await cluster.kubelets()
        }
        await cluster.controller.reconcile()
        #expect(await cluster.set.at("status", "updatedNumberScheduled") == 3)
        #expect(await cluster.set.at("status", "numberReady") == 3)
    }

    @Test func podsOfAGoneNodeGo() async throws {
        let cluster = try await Cluster(nodes: 2)
        try await cluster.round()
        try await cluster.store.delete(.nodes, name: "n2")
        await cluster.controller.reconcile()
        #expect(await cluster.pods.map { $0.at("spec", "nodeName") } == ["n1"])
    }

    @Test(.timeLimit(.minutes(1))) func worksByItself() async throws {
        let cluster = try await Cluster(nodes: 2)
        let running = Task { await cluster.controller.run() }
        defer { running.cancel() }
        while await cluster.set.at("status", "currentNumberScheduled") != 2 {
            try await Task.sleep(for: .milliseconds(20))
        }
        try await cluster.store.create(.nodes, object: APIFixture.node("n3"))
        while await cluster.pods.count != 3 { try await Task.sleep(for: .milliseconds(20)) }
        running.cancel()
        await running.value
    }
}
