import Cluster
import Foundation
import Planning
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
}
