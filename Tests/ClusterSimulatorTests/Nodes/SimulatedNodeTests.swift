import ClusterModel
import FoundationEssentials
import Shared
import Testing

@testable import ClusterSimulator

/// What a node does for its pods, with a shell script in the agent's place.
@Suite struct SimulatedNodeTests {
    /// Says what it was given, and waits; says farewell on SIGTERM.
    static let agent = """
        trap 'echo farewell; exit 0' TERM
        echo "node=$NODE args=$* token=$(cat "$TOKEN_FILE" 2>/dev/null) sockets=$SOCKETS"
        while :; do sleep 0.1; done
        """

    @Test func theAgentRunsWithWhatItsPodGives() async throws {
        let fixture = try NodeFixture(agent: Self.agent)
        try await fixture.run {
            try await fixture.createPod(
                "p",
                containers: [
                    NodeFixture.agentContainer(
                        env: [
                            ["name": "NODE", "valueFrom": ["fieldRef": ["fieldPath": "spec.nodeName"]]],
                            ["name": "TOKEN_FILE", "value": "/var/run/token/token"],
                            ["name": "SOCKETS", "value": "/host/c/containerd.sock,/other/crio.sock"],
                        ],
                        mounts: [
                            ["name": "token", "mountPath": "/var/run/token"],
                            ["name": "c", "mountPath": "/host/c"],
                            ["name": "gone", "mountPath": "/gone"],
                        ])
                ],
                volumes: [
                    ["name": "token", "secret": ["secretName": "token"]],
                    ["name": "c", "hostPath": ["path": "/run/containerd"]],
                    ["name": "gone", "secret": ["secretName": "nosuch", "optional": true]],
                ])
            // The secret is missing: the pod waits, and no image is pulled.
            #expect(
                try await eventually {
                    await fixture.status("p", "image-puller-agent")?.at("state", "waiting", "reason")
                        == "ContainerCreating"
                })
            #expect(await fixture.cluster.read { $0.runtime("n1")?.images.isEmpty } == true)
            try await fixture.store.create(
                .secrets, namespace: "default",
                object: ["metadata": ["name": "token"], "data": ["token": "c2VjcmV0"]])
            #expect(try await eventually { await fixture.isRunning("p", "image-puller-agent") })
            let socket = "\(fixture.directory)/n1/run/containerd/containerd.sock"
            let expected = "node=n1 args=--flag token=secret sockets=\(socket),/other/crio.sock\n"
            #expect(try await eventually { fixture.text("n1/agent.log") == expected })

            // A secret that changes is brought up to date in the mounted folder.
            try await fixture.store.mutate(.secrets, namespace: "default", name: "token") {
                $0["data"] = ["token": "bmV3"]
            }
            let uid = try #require(await fixture.store.get(.pods, namespace: "default", name: "p")?.uid)
            #expect(try await eventually { fixture.text("n1/pods/\(uid)/token/token") == "new" })

            // Deleted: SIGTERM first; the object stays until the process has ended.
            try await fixture.store.delete(.pods, namespace: "default", name: "p")
            #expect(
                try await eventually { await fixture.store.get(.pods, namespace: "default", name: "p") == nil })
            #expect(fixture.text("n1/agent.log").hasSuffix("farewell\n"))
            #expect(!FileManager.default.fileExists(atPath: "\(fixture.directory)/n1/pods/\(uid)"))
        }
    }

    @Test func anAgentThatIgnoresSigtermIsKilledAfterItsGrace() async throws {
        let fixture = try NodeFixture(agent: "trap '' TERM; echo up; while :; do sleep 0.1; done")
        try await fixture.run {
            try await fixture.createPod("p", containers: [NodeFixture.agentContainer()], grace: 1)
            #expect(try await eventually { fixture.text("n1/agent.log") == "up\n" })
            try await fixture.store.delete(.pods, namespace: "default", name: "p")
            #expect(
                try await eventually { await fixture.store.get(.pods, namespace: "default", name: "p") == nil })
        }
    }

    @Test func anAgentThatDiesIsStartedAgain() async throws {
        let fixture = try NodeFixture(agent: "echo up; sleep 0.2; exit 7")
        try await fixture.run {
            try await fixture.createPod("p", containers: [NodeFixture.agentContainer()])
            #expect(
                try await eventually {
                    await fixture.status("p", "image-puller-agent")?["restartCount"]?.integerValue == 2
                })
            let status = try #require(await fixture.status("p", "image-puller-agent"))
            #expect(status.at("state", "waiting", "reason") == "CrashLoopBackOff")
            #expect(status.at("lastState", "terminated", "exitCode") == 7)
            #expect(fixture.text("n1/agent.log") == "up\nup\n")
        }
    }

    @Test func aProgramThatCannotStartIsAStartError() async throws {
        let fixture = try NodeFixture(agent: "")
        try await fixture.run {
            try FileManager.default.removeItem(atPath: fixture.directory + "/agent.sh")
            try await fixture.createPod("p", containers: [NodeFixture.agentContainer()])
            #expect(
                try await eventually {
                    await fixture.status("p", "image-puller-agent")?.at("lastState", "terminated", "reason")
                        == "StartError"
                })
        }
    }

    @Test func sleepContainersStartWhenTheirImageArrives() async throws {
        let fixture = try NodeFixture()
        try await fixture.run {
            try await fixture.createPod(
                "p", containers: [NodeFixture.container("a"), NodeFixture.container("b", image: "x.example.com/no:1")])
            #expect(
                try await eventually {
                    await fixture.status("p", "a")?.at("state", "waiting", "reason") == "ErrImageNeverPull"
                })
            _ = await fixture.cluster.pull(node: "n1", reference: NodeFixture.image, credential: nil)
            #expect(try await eventually { await fixture.isRunning("p", "a") })
            let status = try #require(await fixture.status("p", "a"))
            #expect(status["imageID"]?.stringValue?.hasPrefix("registry.example.com/app@sha256:") == true)
            #expect(status["image"]?.stringValue == NodeFixture.image)
            let pod = try #require(await fixture.store.get(.pods, namespace: "default", name: "p"))
            #expect(pod.at("status", "phase") == "Pending")
            let ready = pod.at("status", "conditions")?.arrayValue?.first { $0["type"]?.stringValue == "Ready" }
            #expect(ready?["message"] == "containers with unready status: [b]")
        }
    }

    @Test func aNodeThatGoesDownIsSilentAndComesBack() async throws {
        let fixture = try NodeFixture(agent: "echo up; while :; do sleep 0.1; done")
        try await fixture.run {
            try await fixture.createPod("p", containers: [NodeFixture.agentContainer()])
            #expect(try await eventually { fixture.text("n1/agent.log") == "up\n" })
            let node = try #require(await fixture.fleet.node("n1"))
            await node.goDown()
            let down = try #require(await fixture.store.get(.nodes, name: "n1"))
            #expect(down.at("status", "conditions")?.arrayValue?.allSatisfy { $0["status"] == "Unknown" } == true)
            #expect(down.at("spec", "taints")?.arrayValue?.count == 2)
            let pod = try #require(await fixture.store.get(.pods, namespace: "default", name: "p"))
            let ready = pod.at("status", "conditions")?.arrayValue?.first { $0["type"]?.stringValue == "Ready" }
            #expect(ready?["status"] == "False")
            #expect(!FileManager.default.fileExists(atPath: fixture.directory + "/n1/run/containerd/containerd.sock"))
            // A dead node confirms no deletion.
            try await fixture.store.delete(.pods, namespace: "default", name: "p")
            try await fixture.createPod("q", containers: [NodeFixture.agentContainer()])
            #expect(await fixture.store.get(.pods, namespace: "default", name: "p") != nil)
            try await node.comeUp()
            #expect(
                try await eventually { await fixture.store.get(.pods, namespace: "default", name: "p") == nil })
            #expect(try await eventually { await fixture.isRunning("q", "image-puller-agent") })
            #expect(await fixture.store.get(.nodes, name: "n1")?.at("spec", "taints") == nil)
        }
    }

    @Test func environmentPathsAreRewrittenByTheLongestMount() {
        let environment = ContainerEnvironment(
            container: [
                "volumeMounts": [
                    ["name": "a", "mountPath": "/host"], ["name": "b", "mountPath": "/host/run"],
                    ["name": "c", "mountPath": "/c", "subPath": "part"],
                ]
            ], folders: ["a": "/n/a", "b": "/n/b", "c": "/n/c"], store: ObjectStore())
        #expect(environment.rewrite("/host/run/x,/host/y,/hostile,/c") == "/n/b/x,/n/a/y,/hostile,/n/c/part")
        #expect(environment.rewrite("http://127.0.0.1:80") == "http://127.0.0.1:80")
    }
}
