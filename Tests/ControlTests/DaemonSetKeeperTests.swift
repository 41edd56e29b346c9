import Cluster
import Foundation
import ImageSets
import Planning
import Shared
import Synchronization
import Testing

@testable import Access
@testable import Control
@testable import ControlFixtures
@testable import KubernetesClient
@testable import Manifests
@testable import TestBasics

@Suite("The keeper of the DaemonSet") struct DaemonSetKeeperTests {
    /// A keeper at work on a simulated cluster.
    struct Work: Sendable {
        let cluster: SimulatedCluster
        let keeper: DaemonSetKeeper
        let stage: Stage
        let surroundings: Surroundings
    }

    /// Notes where agents were prepared for.
    final class Surroundings: AgentSurroundings {
        private let state = Mutex((prepared: Set<String>(), isFailing: false))
        var prepared: Set<String> { state.withLock { $0.prepared } }
        struct Missing: Error {}

        func setFailing(_ isFailing: Bool) { state.withLock { $0.isFailing = isFailing } }

        func prepare(in namespace: String) throws {
            try state.withLock { state in
                if state.isFailing { throw Missing() }
                state.prepared.insert(namespace)
            }
        }

        func leave(_ namespace: String) { state.withLock { _ = $0.prepared.remove(namespace) } }
    }

    static func run(_ body: @escaping @Sendable (Work) async throws -> Void) async throws {
        try await SimulatedCluster.run { cluster in
            for name in ["k8s-image-puller", "elsewhere"] { try await cluster.createNamespace(name) }
            let stage = Stage()
            let surroundings = Surroundings()
            let keeper = DaemonSetKeeper(
                client: cluster.client, options: ManifestOptions(serverURL: "http://127.0.0.1:1"),
                configMap: SimulatedCluster.configMap, namespaces: ["k8s-image-puller", "elsewhere"],
                surroundings: surroundings, events: cluster.events, logger: .quiet, loop: stage.loop)
            let watcher = ClusterWatcher(client: cluster.client, loop: stage.loop, logger: .quiet)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await keeper.run() }
                group.addTask { await watcher.followNodes() }
                group.addTask { await stage.loop.run() }
                defer { group.cancelAll() }
                try await body(Work(cluster: cluster, keeper: keeper, stage: stage, surroundings: surroundings))
            }
        }
    }

    static func configuration(_ name: String = "kubernetes-image-puller") throws -> Configuration {
        var configuration = try Stage.configuration(["web=nginx"])
        configuration.agentImage = "ours.example/agent:1"
        configuration.daemonSetName = name
        return configuration
    }

    @Test("Made when its agents can work; deleted or edited by hand, it comes back", .timeLimit(.minutes(3)))
    func restores() async throws {
        try await Self.run { work in
            work.surroundings.setFailing(true)
            await work.keeper.want(try Self.configuration(), revision: 1)
            let name = "kubernetes-image-puller"
            let isTold = try await soon {
                try await work.cluster.client.list(Event.self, Selection(namespace: "k8s-image-puller")).items
                    .contains { $0.reason == "DaemonSetFailed" }
            }
            #expect(isTold)
            #expect(try await work.cluster.daemonSet(name) == nil)
            work.surroundings.setFailing(false)
            #expect(try await soon { try await work.cluster.daemonSet(name) != nil })
            #expect(await soon { await work.stage.loop.template != nil })
            #expect(work.surroundings.prepared == ["k8s-image-puller"])

            let first = try #require(try await work.cluster.daemonSet(name))
            try await work.cluster.client.delete(.daemonSets, name: name, namespace: "k8s-image-puller")
            let isBack = try await soon {
                let live = try await work.cluster.daemonSet(name)
                return live != nil && live?.metadata.uid != first.metadata.uid
            }
            #expect(isBack)

            let edit: JSONValue = ["spec": ["template": ["spec": ["hostNetwork": true]]]]
            try await work.cluster.client.mergePatch(edit, .daemonSets, name: name, namespace: "k8s-image-puller")
            let isUndone = try await soon {
                let live = try await work.cluster.daemonSet(name)
                return live?.document["spec"]?["template"]?["spec"]?["hostNetwork"]?.boolValue != true
            }
            #expect(isUndone)
        }
    }

    @Test("A new name or namespace is made and filled before the former DaemonSet goes", .timeLimit(.minutes(3)))
    func moves() async throws {
        try await Self.run { work in
            // In restricted mode a pod whose containers are being started is all that "filled" needs.
            var configuration = try Self.configuration("first")
            configuration.runtimeSocket = .none
            await work.keeper.want(configuration, revision: 1)
            #expect(try await soon { try await work.cluster.daemonSet("first") != nil })
            await work.stage.loop.adopt(configuration, revision: 1)

            configuration.daemonSetName = "second"
            configuration.namespace = "elsewhere"
            await work.stage.loop.adopt(configuration, revision: 2)
            await work.keeper.want(configuration, revision: 2)
            #expect(try await soon { try await work.cluster.daemonSet("second", "elsewhere") != nil })
            #expect(try await soon { try await work.cluster.daemonSet("first") == nil })
            #expect(try await work.cluster.daemonSet("second", "elsewhere") != nil)
            #expect(await soon { work.surroundings.prepared == ["elsewhere"] })
        }
    }

    @Test("A list whose names are all new is applied where no agent stays in the pod", .timeLimit(.minutes(3)))
    func allNamesChange() async throws {
        try await Self.run { work in
            @Sendable func containers() async throws -> [String]? {
                try await work.cluster.daemonSet("kubernetes-image-puller")?.spec?.template?.spec?.containers?.map(
                    \.name)
            }
            for (revision, names) in [["a", "b"], ["c", "d"], ["d"], ["e"]].enumerated() {
                var configuration = try Stage.configuration(names.map { "\($0)=nginx" })
                configuration.agentImage = "ours.example/agent:1"
                configuration.runtimeSocket = .none
                await work.keeper.want(configuration, revision: revision + 1)
                #expect(try await soon { try await containers() == names })
            }
        }
    }

    @Test("It is known whether pods of a template are let in before the template is used", .timeLimit(.minutes(3)))
    func admission() async throws {
        try await Self.run { work in
            @Sendable func enforce(_ level: String) async throws {
                let namespaces = ResourceType(
                    group: "", version: "v1", plural: "namespaces", kind: "Namespace", isNamespaced: false)
                try await work.cluster.client.mergePatch(
                    ["metadata": ["labels": ["pod-security.kubernetes.io/enforce": .string(level)]]], namespaces,
                    name: "k8s-image-puller")
            }
            try await enforce("restricted")
            // Agents mount the runtime's socket from the host.
            await work.keeper.want(try Self.configuration(), revision: 1)
            #expect(await soon { await work.stage.loop.template != nil })
            #expect(await work.stage.loop.successor.refusal?.contains("violates PodSecurity") == true)
            let isTold = try await soon {
                try await work.cluster.client.list(Event.self, Selection(namespace: "k8s-image-puller")).items
                    .contains { $0.reason == "PodsForbidden" }
            }
            #expect(isTold)
            try await enforce("privileged")
            await work.keeper.lookAgain()
            #expect(await soon { await work.stage.loop.successor.refusal == nil })
            #expect(await work.stage.loop.successor.memory > .zero)
        }
    }

    @Test("What admission changes is accepted, told once and never fought", .timeLimit(.minutes(3)))
    func admissionChanges() async throws {
        try await Self.run { work in
            let (name, namespace) = ("kubernetes-image-puller", "k8s-image-puller")
            let policy = #"{"spec":{"template":{"spec":{"priorityClassName":"platform"}}}}"#
            try await work.cluster.annotateNamespace(namespace, ["cluster-simulator/mutate-daemonsets": policy])
            await work.keeper.want(try Self.configuration(), revision: 1)
            #expect(try await soon { try await work.cluster.daemonSet(name) != nil })
            @Sendable func told() async throws -> [String] {
                let events = try await work.cluster.client.list(Event.self, Selection(namespace: namespace))
                return events.items.filter { $0.reason == "AdmissionChanged" }.compactMap(\.message)
            }
            #expect(try await soon { try await !told().isEmpty })
            let words = try #require(try await told().first)
            #expect(words.contains("spec.template.spec.priorityClassName. That is accepted"))
            let first = try #require(try await work.cluster.daemonSet(name)).metadata.resourceVersion
            await work.keeper.lookAgain()
            // Another edit by hand is repaired, and the policy's stays as it is.
            let edit: JSONValue = ["spec": ["template": ["spec": ["hostNetwork": true]]]]
            try await work.cluster.client.mergePatch(edit, .daemonSets, name: name, namespace: namespace)
            let isRepaired = try await soon {
                let live = try await work.cluster.daemonSet(name)
                let spec = live?.document["spec"]?["template"]?["spec"]
                return spec?["hostNetwork"]?.boolValue != true && spec?["priorityClassName"] == "platform"
                    && live?.metadata.resourceVersion != first
            }
            #expect(isRepaired)
            let settled = try #require(try await work.cluster.daemonSet(name)).metadata.resourceVersion
            await work.keeper.lookAgain()
            try await Task.sleep(for: .seconds(3))
            #expect(try await work.cluster.daemonSet(name)?.metadata.resourceVersion == settled)
            #expect(try await told() == [words])
        }
    }

    @Test(
        "Images that admission renames in pods are known by their new names before any pod is made",
        .timeLimit(.minutes(3)))
    func renamedImages() async throws {
        try await Self.run { work in
            let namespace = "k8s-image-puller"
            try await work.cluster.annotateNamespace(
                namespace, ["cluster-simulator/rename-images": "registry.example/=mirror.example/cache/"])
            var configuration = try Stage.configuration(["web=registry.example/shop/web:1", "db=redis:7"])
            configuration.agentImage = "ours.example/agent:1"
            await work.stage.loop.adopt(configuration, revision: 1)
            await work.keeper.want(configuration, revision: 1)
            let isKnown = await soon {
                await work.stage.loop.configuration?.images.map(\.reference.written)
                    == ["mirror.example/cache/shop/web:1", "redis:7"]
            }
            #expect(isKnown)
            // The manifest stays as it was written: the policy would change it again.
            let containers = try await work.cluster.daemonSet("kubernetes-image-puller")?.spec?.template?.spec?
                .containers
            #expect(containers?.compactMap(\.image).contains("registry.example/shop/web:1") == true)
        }
    }

    @Test("Somebody who edits it again and again isn't fought at full speed", .timeLimit(.minutes(3)))
    func contested() async throws {
        try await Self.run { work in
            let name = "kubernetes-image-puller"
            await work.keeper.want(try Self.configuration(), revision: 1)
            #expect(await soon { await work.stage.loop.template != nil })
            @Sendable func isEdited() async throws -> Bool {
                let live = try await work.cluster.daemonSet(name)
                return live?.document["spec"]?["template"]?["spec"]?["hostPID"]?.boolValue == true
            }
            let edit: JSONValue = ["spec": ["template": ["spec": ["hostPID": true]]]]
            // Once it is repaired; the same again within ten minutes isn't.
            try await work.cluster.client.mergePatch(edit, .daemonSets, name: name, namespace: "k8s-image-puller")
            #expect(try await soon { try await !isEdited() })
            try await work.cluster.client.mergePatch(edit, .daemonSets, name: name, namespace: "k8s-image-puller")
            let isTold = try await soon {
                let events = try await work.cluster.client.list(
                    Event.self, Selection(namespace: "k8s-image-puller"))
                return events.items.contains { $0.reason == "DaemonSetContested" }
            }
            #expect(isTold)
            #expect(try await isEdited())
            // An edit of the configuration takes effect all the same, at once.
            await work.keeper.want(try Self.configuration(), revision: 2)
            #expect(try await soon { try await !isEdited() })
        }
    }
}
