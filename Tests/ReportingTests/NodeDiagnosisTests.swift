import Cluster
import ImageSets
import Shared
import SwiftProtobuf
import Testing

@testable import ConfigurationParsing
@testable import Control
@testable import ControlFixtures
@testable import Formatting
@testable import History
@testable import Planning
@testable import Reporting

/// Each cause where it is the true one, with messages of real clusters.
@Suite("Why a node isn't covered") struct NodeDiagnosisTests {
    /// Two nodes whose pods run and whose images are held.
    private func healthy() throws -> SnapshotDesk {
        var desk = try SnapshotDesk(["web=nginx", "db=redis"], nodes: 2)
        for node in ["n1", "n2"] {
            desk.report(node) {
                $0.full.images = [.held("nginx"), .held("redis")]
                $0.runtime.name = "containerd"
                $0.runtime.version = "1.6.20"
            }
            desk.pod(
                node,
                [
                    Configuration.agentContainerName: { $0.isRunning = true }, "web": { $0.isRunning = true },
                    "db": { $0.isRunning = true },
                ])
        }
        return desk
    }

    /// Whatever the cause is, it says what is done about it by itself, if only that nothing is.
    private func causes(
        _ desk: SnapshotDesk, _ node: String = "n1", _ location: SourceLocation = #_sourceLocation
    ) -> [Cause] {
        let causes = desk.node(node).causes
        for cause in causes {
            #expect(cause.planned?.isEmpty == false, "\(cause.kind)", sourceLocation: location)
        }
        return causes
    }

    /// The one cause, with its evidence and a next step.
    private func only(_ desk: SnapshotDesk, _ kind: Cause.Kind, _ location: SourceLocation = #_sourceLocation) throws
        -> Cause
    {
        let causes = causes(desk)
        #expect(causes.map(\.kind) == [kind], sourceLocation: location)
        let cause = try #require(causes.first { $0.kind == kind }, sourceLocation: location)
        #expect(!cause.evidence.isEmpty && !cause.nextStep.isEmpty && !cause.summary.isEmpty, sourceLocation: location)
        return cause
    }

    @Test("A node that has everything has no cause")
    func nothing() throws {
        let desk = try healthy()
        #expect(causes(desk).isEmpty)
        #expect(desk.node("n1").isCovered)
        var report = desk.node("n1")
        func isWell() -> Bool {
            report.text(TextStyle(isColoured: false), width: 80, all: false).contains("all is well")
        }
        #expect(isWell())
        report.lastEdit = LastEdit(ConfigurationStatus(revision: 7, isAccepted: true))
        #expect(isWell())
        report.lastEdit?.isAccepted = false
        #expect(!isWell(), "the last edit isn't in force")
    }

    @Test("Gone")
    func gone() throws {
        var desk = try healthy()
        desk.cluster.nodes["n1"] = nil
        _ = try only(desk, .nodeGone)
        #expect(!desk.node("n1").isKnown)
    }

    @Test("Not ready comes before all that follows from it")
    func notReady() throws {
        var desk = try healthy()
        desk.cluster.nodes["n1"]?.isReady = false
        desk.cluster.nodes["n1"]?.conditions = [
            ConditionView(
                type: "Ready", status: "Unknown", reason: "NodeStatusUnknown",
                message: "Kubelet stopped posting node status.", since: desk.now + -300)
        ]
        desk.now = desk.now + 3600
        let causes = causes(desk)
        #expect(causes.map(\.kind) == [.nodeNotReady, .agentSilent])
        #expect(causes[0].evidence[0].message.contains("Kubelet stopped posting node status."))
        #expect(causes[0].evidence[0].field == "status.conditions[Ready]" && causes[0].evidence[0].at != nil)
        #expect(!causes[0].evidence[0].isMoment)
        // A condition lasts, and a report came at a moment.
        let text = desk.node("n1").text(TextStyle(isColoured: false), width: nil, all: false).joined(separator: "\n")
        #expect(text.contains("node status. (since 2023-11-14T") && text.contains(" ago (at 2023-11-14T"), "\(text)")
        #expect(desk.node("n1").counts.unknown == 2)
    }

    @Test("Cordoned is told, though it's no trouble")
    func cordoned() throws {
        var desk = try healthy()
        desk.cluster.nodes["n1"]?.isUnschedulable = true
        #expect(try only(desk, .nodeCordoned).kind.isTrouble == false)
        #expect(desk.node("n1").isCovered)
    }

    @Test("Kept back by the startup taint: since when, until when, and what is overdue")
    func keptBack() throws {
        var desk = try healthy()
        let taint = Taint(key: "a", value: "b", effect: .noSchedule)
        desk.cluster.nodes["n1"]?.taints = [taint]
        #expect(causes(desk).map(\.kind) == [.notSelected])
        desk.configuration.scheduling.nodeReadyGate = NodeReadyGate(taint: taint, timeoutSeconds: 600)
        desk.cluster.nodes["n1"]?.conditions = [ConditionView(type: "Ready", status: "True", since: desk.now)]
        var cause = try only(desk, .nodeKeptBack)
        #expect(!cause.kind.isTrouble && desk.node("n1").isCovered)
        #expect(cause.evidence[0].message == "a=b:NoSchedule")
        #expect(cause.planned?.contains((desk.now + 600).rfc3339) == true)
        #expect(cause.nextStep == "kubectl taint nodes n1 a:NoSchedule- lets other pods in now")
        desk.cluster.nodes["n1"]?.conditions[0].since = desk.now + -1000
        cause = try only(desk, .nodeKeptBack)
        #expect(cause.nextStep.contains("may patch nodes"))
        // Nobody takes it from a node that isn't ours.
        desk.configuration.scheduling.nodeSelector = ["pool": "build"]
        #expect(causes(desk).map(\.kind) == [.nodeKeptBack, .notSelected])
        #expect(causes(desk)[0].planned?.hasPrefix("nothing: the taint stays") == true)
    }

    @Test("Not selected: by a label, a taint, or affinity")
    func notSelected() throws {
        var desk = try healthy()
        desk.configuration.scheduling.nodeSelector = ["pool": "build"]
        #expect(try only(desk, .notSelected).evidence[0].message.contains("NODE_SELECTOR wants \"build\""))
        desk.configuration.scheduling.nodeSelector = [:]
        desk.cluster.nodes["n1"]?.taints = [Taint(key: "gpu", value: "a100", effect: .noSchedule)]
        let cause = try only(desk, .notSelected)
        #expect(cause.evidence[0].message == "gpu=a100:NoSchedule isn't tolerated by TOLERATIONS")
        #expect(cause.nextStep.contains("TOLERATIONS"))
        #expect(!desk.node("n1").isTarget)
    }

    @Test("No room: the scheduler's own words")
    func notScheduled() throws {
        var desk = try healthy()
        let message =
            "0/2 nodes are available: 1 Insufficient memory, 1 node(s) didn't satisfy plugin(s) [NodeAffinity]."
        for pod in desk.cluster.pods.on("n1") { desk.cluster.pods.remove(uid: pod.uid) }
        var pod = PodView(name: "p", uid: "u", node: "n1")
        pod.message = message
        desk.cluster.unscheduled["u"] = pod
        let cause = try only(desk, .podNotScheduled)
        #expect(cause.evidence[0].message == message && cause.nextStep.contains("CACHING_MEMORY_REQUEST"))
    }

    @Test("No pod at all, and one that is being replaced")
    func noPod() throws {
        var desk = try healthy()
        desk.cluster.pods["p-n1"]?.isTerminating = true
        #expect(try only(desk, .noPod).summary.contains("replaced"))
        desk.cluster.pods["p-n1"] = nil
        #expect(try only(desk, .noPod).nextStep.contains("kubectl describe daemonset kubernetes-image-puller"))
        let words =
            "Error creating: pods is forbidden: exceeded quota: small, requested: pods=1, used: pods=5, limited: pods=5"
        var snapshot = Snapshot(
            configuration: desk.configuration, revision: 1, cluster: desk.cluster, fleet: desk.fleet, now: desk.now)
        snapshot.whyNoPod = [ImageSet.defaultName: words]
        let cause = try #require(NodeDiagnosis(snapshot: snapshot, node: "n1").causes.first { $0.kind == .noPod })
        #expect(cause.evidence.map(\.message) == [words])
        #expect(cause.nextStep.contains("ResourceQuota"))
    }

    @Test("Each image set's pod is looked at where the set selects the node, and no other")
    func podsOfSets() throws {
        var desk = try healthy()
        for name in ["n1", "n2"] { desk.cluster.nodes[name]?.labels["name"] = name }
        desk.configuration.scheduling.nodeSelector = ["name": "n2"]
        var own = try Stage.configuration(["cuda=redis"])
        (own.namespace, own.daemonSetName) = ("ml", "gpu")
        let gpu = ImageSet(name: "gpu", own: own, main: desk.configuration)
        _ = desk.fleet.adopt(desk.configuration, sets: [gpu], at: desk.now)
        _ = desk.fleet.serve(
            Roster(desk.cluster, scheduling: desk.configuration.scheduling, sets: [gpu]), at: desk.now)
        func causes(_ node: String, set: String? = nil) -> [Cause] {
            var snapshot = Snapshot(
                configuration: desk.configuration, revision: 1, cluster: desk.cluster, fleet: desk.fleet, now: desk.now)
            snapshot.sets = [gpu]
            return NodeReport(snapshot, node: node, set: set).causes
        }
        desk.cluster.pods["p-n1"] = nil
        let absent = try #require(causes("n1").first { $0.kind == .noPod })
        #expect(absent.summary == "the pod of the image set gpu isn't on the node")
        #expect(absent.nextStep.contains("daemonset gpu -n ml"))
        #expect(causes("n1").count { $0.kind == .noPod } == 1, "the list isn't for this node")
        var pod = PodView(name: "g", uid: "g", node: "n1")
        pod.set = "gpu"
        pod.containers[Configuration.agentContainerName] = ContainerView()
        pod.containers[Configuration.agentContainerName]?.isRunning = true
        pod.containers["cuda"] = ContainerView()
        pod.containers["cuda"]?.waitingReason = "CrashLoopBackOff"
        desk.cluster.pods["g"] = pod
        desk.report("n1") { $0.full.images = [.listed("nginx"), .listed("redis")] }
        let loose = causes("n1")
        #expect(loose.map(\.kind) == [.notHeld])
        #expect(loose.first?.evidence.first?.object == "Pod/g" && loose.first?.nextStep.contains("-n ml") == true)
        #expect(causes("n2").map(\.kind) == [.noPod], "of gpu, beside the list's")
        #expect(causes("n2", set: "default").isEmpty)
        desk.configuration.runtimeSocket = .none
        #expect(causes("n1").map(\.kind) == [.notHeld])
        desk.cluster.pods["g"]?.containers["cuda"]?.waitingReason = "ErrImagePull"
        desk.cluster.pods["g"]?.containers["cuda"]?.waitingMessage = "manifest unknown"
        #expect(causes("n1").map(\.kind) == [.imageFailing] && causes("n1").first?.images == ["db"])
    }

    @Test("A container that was added to a running pod stands in a list of its own")
    func added() throws {
        var desk = try healthy()
        let name = "web"
        desk.report("n1") { $0.full.images = [.listed("nginx"), .held("redis")] }
        desk.cluster.pods["p-n1"]?.template = "t"
        desk.cluster.pods["p-n1"]?.containers[name]?.isRunning = false
        desk.cluster.pods["p-n1"]?.containers[name]?.waitingReason = "CreateContainerError"
        let usual = try only(desk, .notHeld)
        #expect(usual.evidence[0].field == "status.containerStatuses[\(name)].state")
        desk.cluster.pods["p-n1"]?.containers[name]?.isEphemeral = true
        let added = try only(desk, .notHeld)
        #expect(added.evidence[0].field == "status.ephemeralContainerStatuses[\(name)].state")
        #expect(added.planned?.hasPrefix("the kubelet starts the container again") == true)
        // It has ended, which no kubelet changes.
        desk.cluster.pods["p-n1"]?.template = nil
        #expect(try only(desk, .notHeld).planned?.hasPrefix("the pod is replaced") == true)
    }

    @Test("A pod whose agent doesn't start")
    func notRunning() throws {
        var desk = try healthy()
        desk.cluster.pods["p-n1"]?.containers[Configuration.agentContainerName]?.isRunning = false
        desk.cluster.pods["p-n1"]?.containers[Configuration.agentContainerName]?.waitingReason = "ImagePullBackOff"
        desk.cluster.pods["p-n1"]?.containers[Configuration.agentContainerName]?.waitingMessage =
            #"Back-off pulling image "registry.example.com/image-puller:1""#
        #expect(
            try only(desk, .podNotRunning).evidence[0].message.hasPrefix("ImagePullBackOff: Back-off pulling image"))
    }

    @Test("A pod that was made a moment ago is starting; one that doesn't get on is a trouble to look at")
    func starting() throws {
        var desk = try healthy()
        desk.cluster.pods["p-n1"]?.createdAt = desk.now
        desk.cluster.pods["p-n1"]?.containers[Configuration.agentContainerName]?.isRunning = false
        desk.cluster.pods["p-n1"]?.containers[Configuration.agentContainerName]?.waitingReason = "PodInitializing"
        let young = try only(desk, .podNotRunning)
        #expect(young.summary == "our pod is starting" && young.nextStep.hasPrefix("wait; if it stays so, kubectl "))
        desk.cluster.pods["p-n1"]?.createdAt = desk.now + -60
        #expect(try only(desk, .podNotRunning).summary == "our pod is on the node, but its agent doesn't run")
        desk.cluster.pods["p-n1"]?.createdAt = desk.now
        desk.cluster.pods["p-n1"]?.containers[Configuration.agentContainerName]?.waitingReason = "CrashLoopBackOff"
        #expect(try only(desk, .podNotRunning).summary == "our pod is on the node, but its agent doesn't run")
    }

    @Test("In restricted mode nothing is repeated of what an agent said before")
    func restrictedFacts() throws {
        var desk = try healthy()
        func text(_ report: NodeReport) -> String {
            report.text(TextStyle(isColoured: false), width: nil, all: false).joined(separator: "\n")
        }
        #expect(text(desk.node("n1")).contains("containerd 1.6.20, report 0 s old"))
        desk.configuration.runtimeSocket = .none
        let report = desk.node("n1")
        #expect(report.reportAgeSeconds == nil && report.reportIntervalSeconds == nil && report.runtime == nil)
        #expect(!text(report).contains("report "))
    }

    @Test("Our own image can't be pulled: the container that copies sleep says so, and the agent only waits for it")
    func ownImage() throws {
        var desk = try healthy()
        desk.cluster.pods["p-n1"]?.containers[Configuration.agentContainerName]?.isRunning = false
        desk.cluster.pods["p-n1"]?.containers[Configuration.agentContainerName]?.waitingReason = "PodInitializing"
        var copy = ContainerView()
        copy.waitingReason = "ErrImagePull"
        copy.waitingMessage = "failed to pull: manifest unknown"
        desk.cluster.pods["p-n1"]?.initContainer = copy
        let cause = try only(desk, .podNotRunning)
        #expect(cause.evidence[0].field == "status.initContainerStatuses[image-puller-copy-sleep].state")
        #expect(cause.evidence[0].message == "ErrImagePull: failed to pull: manifest unknown")
        #expect(cause.nextStep.hasPrefix("check KIP_IMAGE in the ConfigMap (notFound)"))
        desk.configuration.runtimeSocket = .none
        #expect(causes(desk).first?.kind == .podNotRunning)
    }

    @Test("An agent that fell silent, and one that never spoke")
    func silent() throws {
        var desk = try healthy()
        desk.now = desk.now + 45
        #expect(try only(desk, .agentSilent).evidence[0].message == "45 s ago")
        var other = try SnapshotDesk(["web=nginx"], nodes: 1)
        other.pod("n1", [Configuration.agentContainerName: { $0.isRunning = true }])
        #expect(try only(other, .agentSilent).evidence[0].message == "never")
    }

    @Test("An agent that is refused: that explains its silence, and only its silence")
    func refused() throws {
        var desk = try healthy()
        func diagnosis(_ refusal: AccessRefusal, ago: Double) -> [Cause] {
            var snapshot = Snapshot(
                configuration: desk.configuration, revision: 7, cluster: desk.cluster, fleet: desk.fleet, now: desk.now)
            snapshot.refusals["n1"] = AgentRefusal(
                pod: "p-n1", refusal: refusal, since: desk.now + -200, last: desk.now + -ago)
            return NodeDiagnosis(snapshot: snapshot, node: "n1").causes
        }
        #expect(diagnosis(.invalidToken, ago: 1).isEmpty, "another process of it is heard")
        desk.now = desk.now + 100
        for refusal in AccessRefusal.allCases {
            let causes = diagnosis(refusal, ago: 1)
            #expect(causes.map(\.kind) == [.agentRefused, .agentSilent])
            #expect(causes[0].evidence.map(\.message) == [refusal.rawValue, "refused 1 s ago"])
            #expect(causes[0].evidence[0].object == "Pod/p-n1" && !causes[0].nextStep.isEmpty)
        }
        #expect(diagnosis(.invalidToken, ago: 1)[0].nextStep.hasPrefix("kubectl delete pod p-n1"))
        #expect(diagnosis(.unavailable, ago: 1)[0].nextStep.contains("TokenReviews"))
        #expect(diagnosis(.invalidToken, ago: 400).map(\.kind) == [.agentSilent])
    }

    @Test(
        "A runtime that can't be asked",
        arguments: [
            (
                WireRuntimeFault.socketMissing,
                "dial unix /run/containerd/containerd.sock: connect: no such file or directory", "RUNTIME_SOCKET"
            ),
            (.permissionDenied, "dial unix /run/containerd/containerd.sock: connect: permission denied", "SCC"),
            (.notAnswering, "no answer within 10 s", "crictl"),
        ])
    func runtime(fault: WireRuntimeFault, message: String, step: String) throws {
        var desk = try healthy()
        desk.report("n1") {
            $0.runtime.fault = fault
            $0.runtime.error = message
            $0.runtime.socket = "/run/containerd/containerd.sock"
        }
        let cause = try only(desk, .runtimeUnreachable)
        #expect(cause.evidence[0].message == message && cause.nextStep.contains(step))
    }

    @Test("Disk pressure, with what the node told of its disk")
    func disk() throws {
        var desk = try healthy()
        desk.cluster.nodes["n1"]?.hasDiskPressure = true
        desk.cluster.nodes["n1"]?.conditions = [
            ConditionView(
                type: "DiskPressure", status: "True", reason: "KubeletHasDiskPressure",
                message: "kubelet has disk pressure", since: desk.now)
        ]
        desk.report("n1") {
            $0.imageFilesystem.capacityBytes = 100_000_000_000
            $0.imageFilesystem.freeBytes = 3_000_000_000
        }
        let cause = try only(desk, .diskPressure)
        #expect(cause.evidence.map(\.message).joined().contains("kubelet has disk pressure"))
        #expect(cause.evidence[1].message == "3.0 GB free of 100 GB, 97 % used")
    }

    @Test(
        "A failing image, by its reason",
        arguments: [
            (
                #"rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/x:latest": not found"#,
                "notFound", "check the reference"
            ),
            (
                "failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized",
                "unauthorized", "IMAGE_PULL_SECRETS"
            ),
            ("dial tcp 127.0.0.1:5999: connect: connection refused", "registryUnavailable", "curl"),
            ("dial tcp: lookup nosuchhost.invalid: no such host", "network", "curl"),
            ("write /var/lib/containerd/x: no space left on device", "diskFull", "free space"),
        ])
    func failing(message: String, reason: String, step: String) throws {
        var desk = try healthy()
        desk.report("n1") { $0.full.images = [.held("redis")] }
        try desk.fail("n1", "nginx", message)
        let cause = try only(desk, .imageFailing)
        #expect(cause.images == ["web"] && cause.summary.contains(reason) && cause.nextStep.contains(step))
        #expect(cause.evidence[0].message == message && cause.planned?.contains("next attempt") == true)
    }

    @Test("Waiting for a turn, with the counts that it waits for")
    func waiting() throws {
        var desk = try healthy()
        desk.report("n1") { $0.full.images = [.held("redis")] }
        desk.configuration.pullMaxParallel = 1
        let cause = try only(desk, .waiting)
        #expect(cause.images == ["web"] && cause.evidence[0].message.contains("0 of 1 (PULL_MAX_PARALLEL)"))
    }

    @Test("An image that failed on the nodes that try it: the others' pages name them and the reason")
    func heldBack() throws {
        var desk = try SnapshotDesk(["no=absent"], nodes: 3)
        for node in ["n1", "n2", "n3"] {
            desk.report(node) { $0.full.images = [] }
            desk.pod(node, [Configuration.agentContainerName: { $0.isRunning = true }, "no": { _ in }])
        }
        for node in ["n2", "n3"] { try desk.fail(node, "absent", "manifest unknown") }
        let cause = try only(desk, .waiting)
        #expect(cause.summary.hasPrefix("no failed on n2 and n3 (notFound) and waits until it works there"))
        #expect(cause.evidence.map(\.object) == ["report of n2", "report of n3"])
        #expect(cause.evidence[0].object == "report of n2" && cause.evidence[0].message == "manifest unknown")
        #expect(cause.nextStep.hasPrefix("check the reference"))
        #expect(causes(desk, "n2").map(\.kind) == [.imageFailing])
    }

    @Test(
        "A node that tried an image before the two that try it now waits for them, however long ago its own pause ended"
    )
    func triedBefore() throws {
        var desk = try SnapshotDesk(["no=absent"], nodes: 4)
        for node in ["n1", "n2", "n3", "n4"] {
            desk.report(node) { $0.full.images = [] }
            desk.pod(node, [Configuration.agentContainerName: { $0.isRunning = true }, "no": { _ in }])
        }
        for node in ["n1", "n2", "n3"] {
            desk.now = desk.now + 700
            try desk.fail(node, "absent", "manifest unknown")
        }
        desk.now = desk.now + 1
        for node in ["n1", "n2", "n3", "n4"] { desk.report(node) { $0.full.images = [] } }
        let former = try #require(causes(desk, "n1").first)
        #expect(
            former.kind == .imageFailing && former.planned == "pulled when it works on n2 or n3, which try it by turns")
        #expect(causes(desk, "n3").first?.planned?.hasPrefix("the next attempt is in ") == true)
        #expect(causes(desk, "n4").first?.summary.hasPrefix("no failed on n2 and n3 (notFound) and waits") == true)
        let failure = try #require(desk.coverage().rows.first?.failures.first)
        #expect(failure.cells == 3 && failure.nextAttemptSeconds ?? 0 > 0, "none is due now: \(failure)")
        #expect(desk.node("n1").images.map(\.nextAttempt) == [nil])
    }

    @Test("What a node suffers alone is told as such: in its own page, in coverage, in the image's, with the mirror")
    func alone() throws {
        var desk = try SnapshotDesk(["web=nginx"], nodes: 4)
        for node in ["n1", "n2", "n3", "n4"] {
            desk.report(node) { $0.full.images = node == "n1" ? [] : [.held("nginx")] }
            desk.pod(node, [Configuration.agentContainerName: { $0.isRunning = true }, "web": { $0.isRunning = true }])
        }
        try desk.fail(
            "n1", "nginx",
            #"failed to pull and unpack image "docker.io/library/nginx:latest": failed to resolve reference "#
                + #""docker.io/library/nginx:latest": unexpected status from HEAD request to "#
                + "http://mirror.example:5000/v2/library/nginx/manifests/latest?ns=docker.io: 403 Forbidden")
        let told =
            "n1 says unauthorized, 3 other nodes have it: look at n1's mirror (mirror.example:5000), proxy or credentials"
        let cause = try only(desk, .imageFailing)
        #expect(cause.summary == "web can't be pulled: \(told)")
        #expect(cause.nextStep.hasPrefix("on the node:"))
        #expect(desk.coverage().rows.map { $0.failures.map(\.deviations) } == [[[told]]])
        #expect(desk.coverage().problems.joined().contains(told))
        let image = ImageReport(desk.snapshot, column: 0)
        let lines = image.text(TextStyle(isColoured: false), width: nil, all: false)
        #expect(lines.contains("    " + told) && lines.contains { $0.hasPrefix("    next step: on the node:") })
        // In restricted mode pods are pulled for by kubelets, of which nobody knows enough.
        desk.configuration.runtimeSocket = .none
        #expect(desk.snapshot.deviations.isEmpty)
    }

    @Test("A pull that doesn't end is told as soon as another node has the image")
    func hanging() throws {
        var desk = try SnapshotDesk(["web=nginx"], nodes: 2)
        for node in ["n1", "n2"] {
            desk.report(node) { $0.full.images = [] }
            desk.pod(node, [Configuration.agentContainerName: { $0.isRunning = true }, "web": { _ in }])
        }
        _ = desk.fleet.order(try ImageReference("nginx"), node: "n1", platform: "linux/amd64", at: desk.now)
        desk.now = desk.now + 61
        desk.report("n1") { $0.full.images = [] }
        desk.report("n2") { $0.full.images = [] }
        #expect(!causes(desk).contains { $0.kind == .imageFailing })
        desk.report("n2") { $0.full.images = [.listed("nginx")] }
        #expect(
            causes(desk).first { $0.kind == .imageFailing }?.summary
                == "web doesn't come: n1's pull doesn't end, 1 other node has it: look at n1's mirror, proxy or network"
        )
        let told = "n1's pull doesn't end, 1 other node has it: look at n1's mirror, proxy or network"
        let group = HangingGroup(image: "web", cells: 1, nodes: ["n1"], deviations: [told])
        for grouping in [CoverageGrouping.image, .node, .all] {
            let report = CoverageReport(desk.snapshot, by: grouping)
            #expect(report.rows.compactMap(\.hanging) == [[group]], "\(grouping)")
            #expect(report.problems == ["web: the pull doesn't end on 1 node (n1)\n    \(told)"], "\(grouping)")
        }
        let image = ImageReport(desk.snapshot, column: 0)
        #expect(image.hanging == group)
        #expect(image.text(TextStyle(isColoured: false), width: nil, all: false).contains("  " + told))
    }

    @Test(
        "A kubelet that refuses an image is told once it should have started the container, whoever else uses the content",
        arguments: [false, true])
    func kubeletRefuses(isUsedByOthers: Bool) throws {
        var desk = try healthy()
        desk.cluster.pods["p-n1"]?.template = "t"
        desk.cluster.pods["p-n1"]?.containers["web"]?.isRunning = false
        desk.cluster.pods["p-n1"]?.containers["web"]?.waitingReason = "ErrImageNeverPull"
        func pass(seconds: Double) -> Plan {
            desk.now = desk.now + seconds
            desk.report("n2") { $0.full.images = [.held("nginx"), .held("redis")] }
            desk.report("n1") {
                var image = WireImage.listed("nginx")
                image.digests = ["docker.io/library/nginx@sha256:1", "mirror.example/nginx@sha256:1"]
                image.inUse = isUsedByOthers
                $0.full.images = [image, .held("redis")]
            }
            let plan = Planner.plan(
                configuration: desk.configuration, cluster: desk.cluster, fleet: desk.fleet, template: "t",
                now: desk.now)
            _ = desk.fleet.carryOut(plan, at: desk.now)
            return plan
        }
        #expect(pass(seconds: 0).pulls.isEmpty)
        #expect(pass(seconds: 20).pulls.isEmpty)
        #expect(causes(desk).isEmpty && desk.coverage().total.refused == 0)
        let held = desk.coverage().total.held
        // The kubelet itself is to pull it, under the listed name.
        let pulls = pass(seconds: 15).pulls
        #expect(pulls.map(\.puller) == [.kubelet] && pulls.first?.reference.written == "nginx")
        let cause = try #require(causes(desk).first { $0.kind == .notHeld })
        #expect(cause.summary.hasPrefix("web is present, refused by the kubelet"))
        #expect(cause.evidence.last?.message == "mirror.example/nginx")
        #expect(cause.nextStep.contains("IMAGE_PULL_SECRETS") && cause.planned?.contains("15 s") == true)
        let coverage = desk.coverage()
        #expect(coverage.total.refused == 1 && coverage.rows.map(\.counts.refused) == [1, 0])
        #expect(coverage.total.held == (isUsedByOthers ? held - 1 : held))
        #expect(coverage.problems.first?.hasPrefix("web: present, refused by the kubelet on 1 node (n1)") == true)
        // It starts.
        desk.cluster.pods["p-n1"]?.containers["web"]?.isRunning = true
        desk.cluster.pods["p-n1"]?.containers["web"]?.waitingReason = nil
        _ = pass(seconds: 5)
        #expect(desk.coverage().total.refused == 0 && desk.coverage().total.held == held)
    }

    @Test("An image in use of which no other container can be made is told")
    func notWhole() throws {
        var desk = try SnapshotDesk(["web=nginx", "spare=mirror.example/nginx:1"], nodes: 1)
        var image = WireImage.held("nginx")
        image.tags.append("mirror.example/nginx:1")
        desk.report("n1") { $0.full.images = [image] }
        desk.pod(
            "n1",
            [
                Configuration.agentContainerName: { $0.isRunning = true }, "web": { $0.isRunning = true },
                "spare": {
                    $0.waitingReason = "CreateContainerError"
                    $0.waitingMessage = "error unpacking image: content digest sha256:bb: not found"
                },
            ])
        desk.cluster.pods["p-n1"]?.template = "t"
        func plan() {
            let plan = Planner.plan(
                configuration: desk.configuration, cluster: desk.cluster, fleet: desk.fleet, template: "t",
                now: desk.now)
            _ = desk.fleet.carryOut(plan, at: desk.now)
        }
        plan()
        let cause = try only(desk, .notHeld)
        #expect(cause.summary.hasPrefix("spare is in use but not whole") && cause.images == ["spare"])
        #expect(cause.evidence.first?.message.contains("content digest") == true)
        let problems = desk.coverage().problems
        #expect(problems.count == 1 && problems[0].hasPrefix("spare: in use on 1 node (n1), but not whole"))
        #expect(desk.coverage().total.held == 1 && desk.coverage().total.present == 2)
        desk.cluster.pods["p-n1"]?.containers["spare"]?.isRunning = true
        plan()
        #expect(causes(desk).isEmpty && desk.coverage().problems.isEmpty && desk.coverage().total.held == 2)
    }

    @Test("What brings a container that the pod lacks is told as it is: added, replaced, or neither")
    func lacking() throws {
        var desk = try healthy()
        desk.report("n1") { $0.full.images = [.listed("nginx"), .held("redis")] }
        desk.cluster.pods["p-n1"]?.template = "old"
        desk.cluster.pods["p-n1"]?.containers["web"] = nil
        desk.cluster.pods["p-n1"]?.frame = "frame"
        desk.cluster.pods["p-n1"]?.images = [
            Configuration.agentContainerName: "agent", "db": "docker.io/library/redis:latest",
        ]
        func cause(_ change: (inout Snapshot) -> Void) throws -> Cause {
            var snapshot = Snapshot(
                configuration: desk.configuration, revision: 1, cluster: desk.cluster, fleet: desk.fleet, now: desk.now)
            change(&snapshot)
            let causes = NodeDiagnosis(snapshot: snapshot, node: "n1").causes
            #expect(causes.map(\.kind) == [.notHeld])
            return try #require(causes.first)
        }
        let ofDefault = ImageSet.defaultName
        #expect(try cause { _ in }.planned?.hasPrefix("the pod is replaced") == true)
        let added = try cause { $0.successors[ofDefault] = Successor(frame: "frame") }
        #expect(added.planned == "a container is added to the pod as it runs" && added.nextStep == "none")
        let foreign = try cause {
            $0.successors[ofDefault] = Successor(frame: "frame")
            $0.cluster.pods["p-n1"]?.foreignContainers = ["web"]
        }
        #expect(foreign.evidence[0].message.contains("somebody else"))
        #expect(foreign.planned?.hasPrefix("the pod is replaced") == true)
        let refused = try cause { $0.successors[ofDefault] = Successor(refusal: "violates PodSecurity") }
        #expect(refused.planned?.hasPrefix("nothing is replaced") == true)
        #expect(refused.evidence.contains { $0.message == "violates PodSecurity" })
        let stopped = try cause {
            $0.rollOutTroubles[ofDefault] = Plan.RollOutTrouble(pod: "p", node: "n2", message: "broken", isFinal: true)
        }
        #expect(stopped.planned?.hasPrefix("nothing is replaced") == true && stopped.nextStep.contains("n2"))
        desk.cluster.pods["p-n1"]?.images["web"] = "docker.io/library/nginx:latest"
        let starting = try cause { $0.successors[ofDefault] = Successor(frame: "frame") }
        #expect(starting.planned == "the node's kubelet starts it" && starting.evidence[0].field == "status")
    }

    @Test("Being pulled")
    func pulling() throws {
        var desk = try healthy()
        desk.report("n1") { $0.full.images = [.held("redis")] }
        _ = desk.fleet.order(try ImageReference("nginx"), node: "n1", at: desk.now)
        let cause = try only(desk, .pulling)
        #expect(cause.images == ["web"] && cause.planned?.contains((desk.now + 1800).rfc3339) == true)
    }

    @Test("Present but not held, by the kubelet's reason or for an older pod")
    func notHeld() throws {
        var desk = try healthy()
        desk.report("n1") { $0.full.images = [.listed("nginx"), .held("redis")] }
        desk.cluster.pods["p-n1"]?.containers["web"]?.isRunning = false
        desk.cluster.pods["p-n1"]?.containers["web"]?.waitingReason = "CreateContainerError"
        desk.cluster.pods["p-n1"]?.containers["web"]?.waitingMessage = "context deadline exceeded"
        #expect(try only(desk, .notHeld).evidence[0].message == "CreateContainerError: context deadline exceeded")
        desk.cluster.pods["p-n1"]?.containers["web"]?.waitingReason = "OOMKilled"
        #expect(try only(desk, .notHeld).nextStep.contains("CACHING_MEMORY_LIMIT (20Mi)"))
        desk.cluster.pods["p-n1"]?.containers["web"] = nil
        #expect(try only(desk, .notHeld).evidence[0].message.contains("older template"))
    }

    @Test("Not held by a container that runs what the tag meant before")
    func heldByAnother() throws {
        var desk = try healthy()
        desk.report("n1") {
            var image = WireImage.listed("nginx")
            image.digests = ["docker.io/library/nginx@sha256:new"]
            $0.full.images = [image, .held("redis")]
        }
        desk.cluster.pods["p-n1"]?.containers["web"]?.imageID = "docker.io/library/nginx@sha256:old"
        let cause = try only(desk, .notHeld)
        #expect(cause.evidence.map(\.message) == ["docker.io/library/nginx@sha256:old", "sha256:nginx"])
        #expect(cause.planned?.hasPrefix("the pod is replaced") == true)
        // Its container has just started, and the report is of before.
        desk.cluster.pods["p-n1"]?.containers["web"]?.imageID = "docker.io/library/nginx@sha256:new"
        #expect(causes(desk).isEmpty)
    }

    @Test("Restricted mode: the kubelet's words")
    func restricted() throws {
        var desk = try SnapshotDesk(["web=nginx", "db=redis", "app=busybox"], nodes: 1)
        desk.configuration.runtimeSocket = .none
        desk.pod(
            "n1",
            [
                "web": {
                    $0.waitingReason = "ImagePullBackOff"
                    $0.waitingMessage = "Back-off pulling image \"nginx\": ErrImagePull: nginx: not found"
                }, "db": { $0.waitingReason = "ContainerCreating" },
                "app": {
                    $0.waitingReason = "CrashLoopBackOff"
                    $0.waitingMessage = "back-off 10s restarting failed container"
                    $0.imageID = "busybox@sha256:1"
                },
            ])
        let causes = causes(desk)
        #expect(causes.map(\.kind) == [.imageFailing, .waiting, .notHeld])
        #expect(causes.map(\.images) == [["web"], ["db"], ["app"]])
        #expect(causes[0].summary.contains("notFound") && causes[0].planned != nil)
        #expect(causes[1].evidence[0].message == "ContainerCreating")
        // The row of the image says why, too, in every form.
        let report = desk.node("n1")
        #expect(report.images[0].reason == "notFound" && report.images[0].message?.contains("Back-off") == true)
        #expect(report.images[0].attempts == nil && report.images[0].nextAttempt == nil)
        #expect(report.csv[1].contains(",notFound,,,"))
        let text = report.text(TextStyle(isColoured: false), width: nil, all: false).joined(separator: "\n")
        #expect(text.contains("failed: notFound"))
    }

    @Test("A tag that moved: the node has another image than most, of its own architecture")
    func moved() throws {
        var desk = try SnapshotDesk(["web=nginx"], nodes: 3)
        for node in ["n1", "n2", "n3"] {
            desk.report(node) {
                var image = WireImage.held("nginx")
                if node == "n1" { image.id = "sha256:old" }
                $0.full.images = [image]
            }
            desk.pod(node, [Configuration.agentContainerName: { $0.isRunning = true }, "web": { $0.isRunning = true }])
        }
        let cause = try only(desk, .tagMoved)
        #expect(cause.evidence.map(\.message) == ["sha256:old", "sha256:nginx"])
        let meaning = desk.fleet.tagMeaning(
            of: try ImageReference("nginx"), platform: "linux/amd64", now: desk.now)
        #expect(meaning.imageID == nil && meaning.nextCheck > desk.now)
        #expect(cause.planned?.contains("at \(meaning.nextCheck.rfc3339) (CACHING_INTERVAL_HOURS)") == true)
        desk.cluster.nodes["n1"]?.labels["kubernetes.io/arch"] = "arm64"
        #expect(causes(desk).isEmpty)
    }

    @Test("A tag that can't be asked for, since a second image wouldn't fit, is told when its check is late")
    func unasked() throws {
        var desk = try SnapshotDesk(["web=nginx"], nodes: 1)
        func report(free: UInt64) {
            desk.report("n1") {
                var image = WireImage.held("nginx")
                image.size = 1_000_000_000
                $0.full.images = [image]
                $0.imageFilesystem.capacityBytes = 20_000_000_000
                $0.imageFilesystem.freeBytes = free
            }
        }
        desk.pod("n1", [Configuration.agentContainerName: { $0.isRunning = true }, "web": { $0.isRunning = true }])
        report(free: 4_000_000_000)
        #expect(causes(desk).isEmpty, "nothing is due yet")
        desk.now = desk.now + 7200
        report(free: 4_000_000_000)
        let cause = try only(desk, .tagMoved)
        #expect(cause.summary.contains("isn't asked for again") && cause.evidence[0].message.contains("3.5 GB"))
        report(free: 16_000_000_000)
        #expect(causes(desk).isEmpty)
    }

    @Test("Several at once: the deepest first, and each image's failure by itself")
    func order() throws {
        var desk = try healthy()
        desk.report("n1") { $0.full.images = [] }
        try desk.fail("n1", "nginx", "not found")
        desk.cluster.nodes["n1"]?.hasDiskPressure = true
        desk.cluster.nodes["n1"]?.isUnschedulable = true
        desk.cluster.pods["p-n1"] = nil
        #expect(causes(desk).map(\.kind) == [.nodeCordoned, .noPod, .diskPressure, .imageFailing, .waiting])
    }

    @Test("The page for people names causes, evidence and next steps, within 80 columns")
    func text() throws {
        var desk = try healthy()
        desk.report("n1") { $0.full.images = [.held("redis")] }
        try desk.fail("n1", "nginx", "failed to resolve reference: " + String(repeating: "words ", count: 40))
        let lines = desk.node("n1").text(TextStyle(isColoured: false), width: 80, all: false)
            .flatMap { $0.split(separator: "\n") }
        #expect(lines[0].hasPrefix("n1: 1 of 2 images present"))
        #expect(lines.contains { $0.contains("next step:") })
        #expect(lines.allSatisfy { $0.count <= 80 })
    }
}

extension WireImage {
    static func held(_ name: String) -> WireImage {
        var image = WireImage.listed(name)
        image.inUse = true
        return image
    }
}

extension SnapshotDesk {
    var snapshot: Snapshot {
        Snapshot(configuration: configuration, revision: 7, cluster: cluster, fleet: fleet, now: now)
    }

    func node(_ name: String) -> NodeReport { NodeReport(snapshot, node: name) }
}
