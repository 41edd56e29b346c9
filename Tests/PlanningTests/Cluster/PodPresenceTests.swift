import Cluster
import Planning
import Testing

@Suite("What pod statuses tell in restricted mode") struct PodPresenceTests {
    func presence(_ fill: (inout ContainerView) -> Void) -> (CellState, FailureReason?) {
        var pod = PodView(name: "p", uid: "p", node: "n")
        var container = ContainerView()
        fill(&container)
        pod.containers["web"] = container
        let presence = pod.presence(of: "web")
        return (presence.state, presence.reason)
    }

    @Test func aRunningContainerHoldsItsImage() {
        #expect(presence { $0.isRunning = true } == (.held, nil))
    }

    @Test func anImageIDProvesTheImageThoughTheContainerFails() {
        let state = presence {
            $0.waitingReason = "CrashLoopBackOff"
            $0.imageID = "sha256:1"
        }
        #expect(state == (.present, nil))
    }

    @Test func aPullThatFailsHasItsReason() {
        let state = presence {
            $0.waitingReason = "ErrImagePull"
            $0.waitingMessage = "failed to pull: manifest unknown"
        }
        #expect(state == (.failed, .notFound))
    }

    @Test func anImageThatOnlyWaitsToBeBroughtIsMissing() {
        #expect(presence { $0.waitingReason = "ErrImageNeverPull" } == (.missing, nil))
        #expect(presence { $0.waitingReason = "OOMKilled" } == (.present, nil))
    }

    @Test func nothingIsConcludedFromSilence() {
        #expect(PodView(name: "p", uid: "p", node: "n").presence(of: "web").state == .unknown)
        #expect(presence { $0.waitingReason = "ContainerCreating" } == (.missing, nil))
    }
}
