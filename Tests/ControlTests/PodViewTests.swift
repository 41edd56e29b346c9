import Cluster
import Foundation
import Planning
import Shared
import Testing

@testable import Control
@testable import KubernetesClient

@Suite("What is kept of a pod's status") struct PodViewTests {
    private func view(_ status: String) throws -> PodView {
        let text = """
            {"metadata": {"name": "p", "uid": "u"}, "spec": {"nodeName": "n1"}, "status": \(status)}
            """
        return try #require(PodView(try JSONDecoder().decode(Pod.self, from: Data(text.utf8))))
    }

    @Test("A container that was killed for its memory says so, whatever the kubelet's back-off says")
    func outOfMemory() throws {
        let state = #""state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}"#
        func container(_ last: String) throws -> ContainerView? {
            try view(
                """
                {"containerStatuses": [{"name": "web", "imageID": "x", \(state),
                 "lastState": {"terminated": {"exitCode": 137, "reason": "\(last)"}}}]}
                """
            ).containers["web"]
        }
        #expect(try container("OOMKilled")?.waitingReason == "OOMKilled")
        #expect(try container("OOMKilled")?.waitingMessage == "back-off 10s")
        #expect(try container("Error")?.waitingReason == "CrashLoopBackOff")
    }

    @Test("The container that copies sleep counts until it has ended well")
    func initContainer() throws {
        func initial(_ state: String) throws -> ContainerView? {
            try view(#"{"initContainerStatuses": [{"name": "image-puller-copy-sleep", "state": \#(state)}]}"#)
                .initContainer
        }
        #expect(try initial(#"{"terminated": {"exitCode": 0, "reason": "Completed"}}"#) == nil)
        #expect(try initial(#"{"terminated": {"exitCode": 1, "reason": "Error"}}"#)?.waitingReason == "Error")
        #expect(try initial(#"{"waiting": {"reason": "ErrImagePull"}}"#)?.waitingReason == "ErrImagePull")
        #expect(try view("{}").initContainer == nil)
    }

    @Test(
        "What somebody else has added to a pod, as kubectl debug does, is nothing of ours, and ends nothing when it ends"
    )
    func foreign() throws {
        func view(_ command: String, _ state: String) throws -> PodView {
            let text = """
                {"metadata": {"name": "p", "uid": "u",
                  "annotations": {"image-puller/template": "t", "image-puller/frame": "f"}},
                 "spec": {"nodeName": "n1", "containers": [{"name": "web", "image": "nginx"}],
                  "ephemeralContainers": [{"name": "added", "image": "redis", "command": \(command)}]},
                 "status": {"containerStatuses": [{"name": "web", "state": {"running": {}}}],
                  "ephemeralContainerStatuses": [{"name": "added", "state": \(state)}]}}
                """
            let pod = try JSONDecoder().decode(Pod.self, from: Data(text.utf8))
            var reader = JSONFieldReader(Array(text.utf8))
            #expect(try Pod.read(&reader) == pod)
            return try #require(PodView(pod))
        }
        let (running, ended) = (#"{"running": {}}"#, #"{"terminated": {"exitCode": 0, "reason": "Completed"}}"#)
        let ours = #"["/image-puller-bin/sleep"]"#
        #expect(try view(ours, running).images == ["web": "nginx", "added": "redis"])
        #expect(try view(ours, running).containers["added"]?.isRunning == true)
        #expect(try view(ours, ended).template == nil, "no kubelet starts it again")
        for command in ["null", "[]", #"["sh"]"#] {
            for state in [running, ended] {
                let pod = try view(command, state)
                #expect(pod.template == "t" && pod.frame == "f" && pod.images == ["web": "nginx"])
                #expect(pod.containers.keys.sorted() == ["web"] && pod.foreignContainers == ["added"])
            }
        }
    }
}
