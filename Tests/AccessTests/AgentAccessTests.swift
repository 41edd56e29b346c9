import Cluster
import Shared
import SwiftProtobuf
import Testing

@testable import Access
@testable import Control
@testable import ControlFixtures
@testable import KubernetesClient
@testable import KubernetesFixtures
@testable import Reporting
@testable import ServerFixtures
@testable import TestBasics

@Suite("Who has access as an agent, and as a reader") struct AgentAccessTests {
    @Test("Each is told why he isn't the agent of that node, and counted")
    func refusals() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start(nodes: ["n1", "n2"])
            let api = coordinator.api
            var stranger = ReviewTable.agent("n1")
            stranger.user?.username = "system:serviceaccount:k8s-image-puller:default"
            api.set("other-account", stranger)
            var elsewhere = ReviewTable.agent("n1")
            elsewhere.user?.username = "system:serviceaccount:elsewhere:agents"
            api.set("elsewhere", elsewhere)
            var unbound = ReviewTable.agent("n1")
            unbound.user?.extra = nil
            api.set("unbound", unbound)
            api.set("expired", .init(user: .init(), error: "[invalid bearer token, token has expired]"))
            let sightings: [(String, AgentPodSighting)] = [
                ("gone", .gone), ("foreign", .foreign), ("unseen", .unseen), ("unknown", .unknown),
                ("late", .notListed),
            ]
            for (name, sighting) in sightings {
                api.set(name, ReviewTable.agent(name))
                api.see("uid-\(name)", sighting)
            }
            let cases: [(token: String?, status: Int, type: String, refusal: AccessRefusal)] = [
                (nil, 401, "unauthorized", .noToken), ("guess", 401, "unauthorized", .invalidToken),
                ("expired", 401, "unauthorized", .expiredToken), ("reader", 401, "unauthorized", .wrongAudience),
                ("other-account", 403, "not-this-agent", .wrongAccount),
                ("elsewhere", 403, "not-this-agent", .wrongAccount), ("unbound", 403, "not-this-agent", .unboundToken),
                ("agent-n2", 403, "not-this-agent", .wrongNode), ("gone", 401, "unauthorized", .deletedPod),
                ("foreign", 403, "not-this-agent", .foreignPod), ("unseen", 503, "unseen-pod", .unseenPod),
                ("unknown", 503, "cannot-authenticate", .unavailable), ("late", 503, "not-ready", .notReady),
            ]
            let report = try Stage.report("n1", 1).serializedBytes() as [UInt8]
            for (token, status, type, refusal) in cases {
                let before = coordinator.access.counts.count(.agents, refusal)
                let response = try await coordinator.post(report, token: token)
                try expectProblem(response, status, type)
                #expect(coordinator.access.counts.count(.agents, refusal) == before + 1, "\(refusal)")
                if status == 503, type != "not-ready" { #expect(response.headers["Retry-After"] != nil) }
            }
            #expect(try await coordinator.post(report).status == 200)
        }
    }

    @Test("Agents of an image set in another namespace have access, each for its own node alone")
    func anotherNamespace() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start(nodes: ["n1", "n2"])
            func verdict(_ namespace: String, _ node: String) -> KubernetesClient.TokenVerdict {
                var verdict = ReviewTable.agent(node)
                verdict.user?.username = "system:serviceaccount:\(namespace):agents"
                return verdict
            }
            coordinator.api.set("gpu", verdict("gpu-images", "n1"))
            let report = try Stage.report("n1", 1).serializedBytes() as [UInt8]
            try expectProblem(try await coordinator.post(report, token: "gpu"), 403, "not-this-agent")
            await coordinator.stage.loop.follow(PodSource(namespace: "gpu-images", daemonSet: "gpu"), for: "gpu")
            #expect(try await coordinator.post(report, token: "gpu").status == 200)
            let other = try Stage.report("n2", 1).serializedBytes() as [UInt8]
            try expectProblem(try await coordinator.post(other, token: "gpu"), 403, "not-this-agent")
        }
    }

    @Test("A pod is an agent's where a DaemonSet of ours made it, in the namespace of its token")
    func sightings() async throws {
        let stage = Stage()
        let gpu = PodSource(namespace: "gpu-images", daemonSet: "gpu")
        let former = PodSource(namespace: "former", daemonSet: "gpu")
        await stage.loop.follow(Stage.pods)
        await stage.loop.follow(former, for: "gpu")
        await stage.loop.follow(gpu, for: "gpu")
        await stage.loop.replacePods([PodView(name: "a", uid: "uid-a", node: "n1")], of: Stage.pods)
        await stage.loop.replacePods([PodView(name: "b", uid: "uid-b", node: "n2")], of: gpu)
        @Sendable func pod(_ namespace: String, _ daemonSet: String) -> String {
            """
            {"metadata":{"name":"c","namespace":"\(namespace)","uid":"uid-c","labels":\
            {"app.kubernetes.io/name":"image-puller","app.kubernetes.io/instance":"\(daemonSet)"},"ownerReferences":[{"apiVersion":"apps/v1","kind":"DaemonSet",\
            "name":"\(daemonSet)","uid":"u","controller":true}]},"spec":{"nodeName":"n3"}}
            """
        }
        try await ScriptedServer.run { request, _ in
            let parts = request.path.split(separator: "/")
            return .json(pod(String(parts[3]), "gpu"))
        } _: { url, _ in
            let pods = WatchedAgentPods(loop: stage.loop, client: .patient(url))
            let spaces = await pods.namespaces
            #expect(spaces == ["k8s-image-puller", "gpu-images", "former"])
            let cases: [(String, String, AgentPodSighting)] = [
                ("uid-a", "k8s-image-puller", .runs(node: "n1")), ("uid-b", "gpu-images", .runs(node: "n2")),
                // The token of one namespace isn't that of a pod in another one.
                ("uid-a", "gpu-images", .foreign), ("uid-b", "k8s-image-puller", .foreign),
                ("uid-c", "gpu-images", .unseen), ("uid-c", "former", .runs(node: "n3")),
                ("uid-c", "k8s-image-puller", .foreign), ("uid-d", "gpu-images", .gone),
            ]
            for (uid, namespace, sighting) in cases {
                let found = await pods.find(name: "c", uid: uid, namespace: namespace)
                #expect(found == sighting, "\(uid) in \(namespace)")
            }
        }
    }

    @Test("A token whose pod has gone is asked about again, though it was good")
    func replay() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start()
            let report = try Stage.report("n1", 1).serializedBytes() as [UInt8]
            #expect(try await coordinator.post(report).status == 200)
            let reviews = coordinator.api.reviews
            #expect(try await coordinator.post(report).status == 200)
            #expect(coordinator.api.reviews == reviews)
            coordinator.api.see("uid-n1", .gone)
            try expectProblem(try await coordinator.post(report), 401, "unauthorized")
            coordinator.api.set("agent-n1", .init(user: .init(), error: "invalid bearer token"))
            try expectProblem(try await coordinator.post(report), 401, "unauthorized")
            #expect(coordinator.api.reviews > reviews)
        }
    }

    @Test("An outage of the API server stops only those that are new")
    func outage() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start(nodes: ["n1", "n2"])
            let first = try Stage.report("n1", 1).serializedBytes() as [UInt8]
            #expect(try await coordinator.post(first).status == 200)
            coordinator.api.setDown(true)
            #expect(try await coordinator.post(first).status == 200)
            let second = try Stage.report("n2", 1).serializedBytes() as [UInt8]
            try expectProblem(try await coordinator.post(second, token: "agent-n2"), 503, "cannot-authenticate")
            coordinator.api.setDown(false)
            #expect(try await coordinator.post(second, token: "agent-n2").status == 200)
        }
    }

    @Test("An agent that asks without end is told to wait")
    func rate() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start()
            let report = try Stage.report("n1", 1).serializedBytes() as [UInt8]
            var statuses: [Int: Int] = [:]
            for _ in 0..<600 where statuses[429] == nil {
                statuses[try await coordinator.post(report).status, default: 0] += 1
            }
            #expect((statuses[200] ?? 0) >= 200)
            // A slow machine may never reach the rate.
            if statuses[429] != nil { #expect(coordinator.access.counts.count(.agents, .tooMany) == 1) }
        }
    }

    @Test("Readers show a token that may get the path; probes need none")
    func readers() async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start()
            for path in ["/healthz", "/readyz"] {
                #expect(try await coordinator.get(coordinator.agents + path).status == 200)
            }
            let url = coordinator.agents + "/api/v1/coverage"
            try expectProblem(try await coordinator.get(url), 401, "unauthorized")
            try expectProblem(try await coordinator.get(url, token: "guess"), 401, "unauthorized")
            // An agent's token is for its reports alone.
            try expectProblem(try await coordinator.get(url, token: "agent-n1"), 401, "unauthorized")
            try expectProblem(try await coordinator.get(url, token: "nobody"), 403, "forbidden")
            #expect(try await coordinator.get(url, token: "reader").status == 200)
            let reviews = (coordinator.api.reviews, coordinator.api.accessReviews)
            #expect(try await coordinator.get(url, token: "reader").status == 200)
            #expect(reviews == (coordinator.api.reviews, coordinator.api.accessReviews), "both are remembered")
            // Everything else needs a token too, whatever is there.
            for path in ["/", "/metrics", "/nothing", "/healthz/", "/healthz/../api/v1/coverage"] {
                try expectProblem(try await coordinator.get(coordinator.agents + path), 401, "unauthorized")
            }
            let odd = coordinator.agents + "/api/v1/../v1/coverage"
            try expectProblem(try await coordinator.get(odd, token: "reader"), 400, "ambiguous-path")
            #expect(coordinator.access.counts.count(.readers, .forbidden) == 1)
            // Nobody asks for a token on this host.
            #expect(try await coordinator.get(coordinator.local + "/api/v1/coverage").status == 200)
        }
    }
}
