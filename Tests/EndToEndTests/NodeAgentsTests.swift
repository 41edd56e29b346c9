import Foundation
import Shared
import Testing

@testable import KubernetesClient
@testable import Reporting

extension EndToEndTests {
    /// Two image sets on each node: the agent that works is killed, frozen, and comes back, and the coordinator is killed.
    @Test func anotherAgentOfTheNodeTakesOver() async throws {
        try await TestCluster.simulated { cluster in
            try await cluster.configure(cluster.data([cluster.images[0]]))
            try await cluster.createSet("other", images: [cluster.images[1]], daemonSet: "other")
            var coordinator = try await cluster.startCoordinator()
            try await eventually("both sets' pods run") {
                try await cluster.pods().count { $0.status?.phase == "Running" } == 6
            }
            func agents() throws -> [Int32] { try cluster.agentProcesses(of: "n1") }
            try await eventually("two agents on a node") { try agents().count == 2 }
            try await cluster.untilKnown(within: 30)
            // Which one works shows when it's gone: a kubelet starts it again, and that one stands by.
            for _ in 0..<2 {
                for process in try agents() {
                    kill(process, SIGKILL)
                    try await Task.sleep(for: .seconds(4))
                    try await cluster.untilKnown(within: 30)
                }
                try await eventually("the kubelet has started others", within: 120) { try agents().count == 2 }
            }
            for process in try agents() {
                kill(process, SIGSTOP)
                try await Task.sleep(for: .seconds(4))
                try await cluster.untilKnown(within: 30)
                kill(process, SIGCONT)
            }
            let before = coordinator.log.components(separatedBy: "another agent works").count
            #expect(before > 1)
            coordinator.kill()
            coordinator = try await cluster.startCoordinator()
            try await cluster.untilKnown(within: 60)
        }
    }

    /// Three pods of ours on each node: while pods of each set are replaced, agents end and a set goes, one agent of a node works
    /// and every node stays known.
    @Test func threePodsOfEachNode() async throws {
        try await TestCluster.simulated { cluster in
            // A node is believed for six seconds.
            let interval = ["REPORT_INTERVAL_SECONDS": "2"]
            let images = cluster.images
            try await cluster.configure(cluster.data([images[0]], interval))
            try await cluster.createSet("one", images: [images[0], images[1]], daemonSet: "one")
            try await cluster.createSet("two", images: [images[2]], daemonSet: "two")
            try await cluster.startCoordinator()
            var looks = 0
            var unknown: [String] = []
            func reach(_ what: String, _ condition: () async throws -> Bool) async throws {
                try await eventually(what, within: 180) {
                    let rows = try await cluster.coverage(by: "node").rows
                    looks += 1
                    unknown += rows.filter { $0.counts.unknown > 0 }.map {
                        "\($0.name) until \(what): \($0.counts.unknown), \($0.reportAgeSeconds ?? -1) s"
                    }
                    return try await condition()
                }
            }
            func isHeld(_ set: String, _ count: Int) async throws -> Bool {
                let report: CoverageReport = try await cluster.query("/api/v1/coverage?set=\(set)")
                return report.images == count && report.total.cells == 3 * count && report.total.held == 3 * count
            }
            func agents(_ node: String) async throws -> [NodeReport.Agent] {
                let report: NodeReport = try await cluster.query("/api/v1/nodes/\(node)")
                return report.agents ?? []
            }
            func change(_ set: String, _ list: [String]) async throws {
                let text = list.enumerated().map { "\(set)-\($0.offset + 1)=\($0.element)" }.joined(separator: ";")
                try await cluster.client.mergePatch(
                    ["data": ["IMAGES": .string(text)]], .configMaps, name: "set-\(set)", namespace: cluster.namespace)
            }
            try await reach("all three are held") {
                let sets = [("default", 1), ("one", 2), ("two", 1)]
                for (set, count) in sets where try await !isHeld(set, count) { return false }
                for node in ["n1", "n2", "n3"] where try await agents(node).count < 3 { return false }
                return true
            }
            unknown = []
            for node in ["n1", "n2", "n3"] {
                let agents = try await agents(node)
                #expect(agents.map(\.works) == [true, false, false])
                #expect(Set(agents.compactMap(\.imageSet)) == ["default", "one", "two"])
            }
            try await change("one", [images[0], images[1], images[3]])
            try await reach("the pods of one are replaced") { try await isHeld("one", 3) }
            try await cluster.configure(cluster.data([images[0], images[1]], interval))
            try await reach("the pods of default are replaced") { try await isHeld("default", 2) }
            try await change("two", [images[2], images[3]])
            try await reach("the pods of two are replaced") { try await isHeld("two", 2) }
            for process in try cluster.agentProcesses(of: "n2").prefix(2) { kill(process, SIGKILL) }
            try await reach("the kubelet has started others") { try cluster.agentProcesses(of: "n2").count == 3 }
            try await cluster.client.delete(.configMaps, name: "set-one", namespace: cluster.namespace)
            try await reach("what only one had is released") {
                let pods = try await cluster.pods()
                let sets = try await (isHeld("default", 2), isHeld("two", 2))
                return pods.count == 6 && sets == (true, true)
            }
            let settled = ContinuousClock.now + .seconds(8)
            try await reach("it stays so") { ContinuousClock.now > settled }
            #expect(looks > 100)
            #expect(unknown.isEmpty, "\(unknown)")
            for node in ["n1", "n2", "n3"] { #expect(try await agents(node).map(\.works) == [true, false]) }
        }
    }

    /// The agent that works has the pull secrets of its own set alone: images of another set come by that set's secrets.
    @Test func imagesOfASetWhosePullSecretsTheAgentHasNot() async throws {
        try await TestCluster.simulated(nodes: 2) { cluster in
            let (host, image) = ("private.example.com", "private.example.com/app:1")
            try await cluster.simulate(
                "PUT", "registries/\(host)",
                [
                    "images": [["reference": .string(image), "megabytes": 2]], "username": "puller",
                    "password": "secret",
                ])
            let login: JSONValue = ["auths": ["private.example.com": ["username": "puller", "password": "secret"]]]
            let secret: JSONValue = [
                "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
                "metadata": ["name": "mirror", "namespace": .string(cluster.namespace)],
                "data": [".dockerconfigjson": .string(try JSONEncoder().encode(login).base64EncodedString())],
            ]
            try await cluster.client.create(secret, .secrets, namespace: cluster.namespace)
            try await cluster.configure(cluster.data([cluster.images[0]]))
            try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 1)
            try await cluster.createSet(
                "private", images: [image], daemonSet: "private", ["IMAGE_PULL_SECRETS": "mirror"])
            try await cluster.untilHeld(images: 2, within: 120)
            let report: ImageReport = try await cluster.query("/api/v1/images/private-1")
            #expect(report.failedAttempts.isEmpty, "no agent has asked without credentials")
            #expect(report.pulledBy == "agent", "agents that have the secrets pull it themselves")
            let agents: NodeReport = try await cluster.query("/api/v1/nodes/n1")
            #expect(agents.agents?.first?.imageSet == "default")
        }
    }

    /// For a while each node has two pods of ours, and one agent of them works at each moment.
    @Test func noNodeIsUnknownWhileTheDaemonSetMoves() async throws {
        try await TestCluster.simulated { cluster in
            // A node is believed for six seconds.
            let interval = ["REPORT_INTERVAL_SECONDS": "2"]
            try await cluster.configure(cluster.data([cluster.images[0]], interval))
            let coordinator = try await cluster.startCoordinator()
            try await cluster.untilHeld(images: 1)
            var unknown: [Int] = []
            try await cluster.configure(
                cluster.data([cluster.images[0]], interval.merging(["DAEMONSET_NAME": "renamed"]) { $1 }))
            try await eventually("the old one goes, and its pods", within: 120) {
                unknown.append(try await cluster.coverage().total.unknown)
                guard try await cluster.daemonSet() == nil else { return false }
                return try await cluster.pods().allSatisfy { $0.metadata.name.hasPrefix("renamed-") }
            }
            let settled = ContinuousClock.now + .seconds(8)
            while ContinuousClock.now < settled {
                unknown.append(try await cluster.coverage().total.unknown)
                try await Task.sleep(for: .milliseconds(100))
            }
            #expect(unknown.count > 50)
            #expect(unknown.allSatisfy { $0 == 0 }, "\(unknown)")
            try await cluster.untilHeld(images: 1)
            #expect(coordinator.log.components(separatedBy: "another agent works on a node").count == 4, "once a node")
        }
    }
}

extension TestCluster {
    /// A further image set, of a ConfigMap of its own.
    func createSet(
        _ name: String, images: [String], daemonSet: String, _ others: [String: String] = [:]
    ) async throws {
        let list = images.enumerated().map { "\(name)-\($0.offset + 1)=\($0.element)" }.joined(separator: ";")
        let document: JSONValue = [
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": [
                "name": .string("set-\(name)"), "namespace": .string(namespace),
                "labels": ["image-puller/set": .string(name)],
            ],
            "data": .object(
                ["IMAGES": list, "DAEMONSET_NAME": daemonSet].merging(others) { $1 }.mapValues { .string($0) }),
        ]
        try await client.create(document, .configMaps, namespace: namespace)
    }

    /// Waits until nothing is unknown, and each node was heard a moment ago.
    func untilKnown(within seconds: Double) async throws {
        try await eventually("all nodes are known", within: seconds) {
            let report = try await self.coverage(by: "node")
            return report.rows.count == 3
                && report.rows.allSatisfy { $0.counts.unknown == 0 && ($0.reportAgeSeconds ?? .infinity) < 2 }
        }
    }
}
