import Cluster
import Foundation
import ImageSets
import Shared
import Testing

@testable import ConfigurationParsing
@testable import Control
@testable import ControlFixtures
@testable import Exporter
@testable import History
@testable import KubernetesClient
@testable import Manifests
@testable import Planning
@testable import Reporting
@testable import ServerFixtures
@testable import TestBasics

/// Whatever stands in a field of a node, a pod, a ConfigMap or a kubeconfig: it is read or refused, and everything that is
/// computed of what was read comes to its end.
@Suite("Extreme values of objects") struct ExtremeObjectsTests {
    /// What a field may hold, in JSON.
    static let extremes: [String] =
        [
            "9223372036854775807", "-9223372036854775808", "18446744073709551616", "1e308", "-1", "0", "1.5", "null",
            "true", "{}", "[]", "[null]", "\"\"", #""NaN""#, #""-1""#, #""9223372036854775807Ei""#, #""1e9999""#,
            #""-9223372036854775808Ei""#, #""0001-01-01T00:00:00Z""#, #""9999-12-31T23:59:59.999999999Z""#,
            #""292277026596-12-04T15:30:07Z""#, #""2026-13-45T99:99:99Z""#, #""\ud800""#,
            #""\u0000\u001b[2J\r\n\u202e""#,
        ] + ["\"\(String(repeating: "x", count: 70_000))\""]

    /// Each field is marked: «VALUE».
    private static let node = """
        {"metadata":{"name":"NODE","uid":"uid-NODE","resourceVersion":«"1"»,"creationTimestamp":«"2026-01-02T03:04:05Z"»,
        "labels":{"kubernetes.io/os":"linux","pool":«"a"»,"kubernetes.io/arch":«"amd64"»}},
        "spec":{"unschedulable":«false»,"taints":[{"key":«"k"»,"value":«"v"»,"effect":«"NoSchedule"»}]},
        "status":{"allocatable":{"memory":«"30Gi"»,"cpu":«"4"»,"pods":«"110"»},
        "nodeInfo":{"containerRuntimeVersion":«"containerd://2.0"»,"kubeletVersion":«"v1.36.0"»},
        "conditions":[{"type":"Ready","status":«"True"»,"reason":«"r"»,"message":«"m"»,
        "lastTransitionTime":«"2026-01-02T03:04:05Z"»},{"type":«"DiskPressure"»,"status":«"False"»}]}}
        """

    private static let pod = """
        {"metadata":{"name":"pod-NODE","uid":"pod-NODE","namespace":"k8s-image-puller","resourceVersion":«"1"»,
        "creationTimestamp":«"2026-01-02T03:04:05Z"»,"deletionTimestamp":«null»,"generation":«1»,
        "annotations":{"image-puller/template":«"t"»}},
        "spec":{"nodeName":"NODE","containers":[{"name":"web","image":«"nginx"»}]},
        "status":{"phase":«"Running"»,"reason":«"r"»,"message":«"m"»,"conditions":[{"type":"PodScheduled","status":«"False"»,
        "reason":«"r"»,"message":«"m"»,"lastTransitionTime":«"2026-01-02T03:04:05Z"»}],
        "initContainerStatuses":[{"name":"copy-sleep","restartCount":«1»,"state":{"terminated":{"exitCode":«1»,
        "reason":«"Error"»,"finishedAt":«"2026-01-02T03:04:05Z"»}}}],
        "containerStatuses":[{"name":"web","imageID":«"sha256:1"»,"restartCount":«3»,"ready":«true»,
        "state":{"waiting":{"reason":«"ErrImagePull"»,"message":«"m"»}},
        "lastState":{"terminated":{"exitCode":«137»,"reason":«"OOMKilled"»,"finishedAt":«"2026-01-02T03:04:05Z"»}}},
        {"name":"db","imageID":«"sha256:2"»,"state":{"running":{"startedAt":«"2026-01-02T03:04:05Z"»}}}],
        "ephemeralContainerStatuses":[{"name":"added","imageID":«"sha256:3"»,"state":{"waiting":{"reason":«"ErrImagePull"»}}}]}}
        """

    /// The document with one field after the other at each of its extremes, as lists by field.
    static func variants(of document: String) -> [[String]] {
        let parts = document.components(separatedBy: "«").flatMap { $0.components(separatedBy: "»") }
        return stride(from: 1, to: parts.count, by: 2).map { field in
            extremes.map { extreme in
                parts.enumerated().map { $0.offset == field ? extreme : $0.element }.joined()
            }
        }
    }

    private static let questions = [
        "coverage", "coverage?by=node", "coverage?by=zone&estimate=true", "coverage?by=label:pool", "nodes/n0",
        "nodes/n1", "images/web", "cells", "history", "attempts", "warmups",
    ]

    /// Whether a field is in what the node's kubelet writes, which no API server looks at closely.
    private static func isOfStatus(_ field: Int, of document: String) -> Bool {
        let before = document.components(separatedBy: "\"status\":{").first ?? ""
        return field >= before.components(separatedBy: "«").count - 1
    }

    /// Plans, and asks everything.
    ///
    /// - Parameter isClean: whether nothing of an answer may be a command to whoever shows it.
    private func lookAround(_ coordinator: LiveCoordinator, isClean: Bool = false) async throws {
        await coordinator.stage.loop.replan()
        let nodes = isClean ? await coordinator.stage.loop.cluster.nodes.keys.sorted() : []
        for question in Self.questions + nodes.map({ "nodes/\($0)" }) {
            let response = try await coordinator.get("\(coordinator.local)/api/v1/\(question)")
            #expect([200, 404, 503].contains(response.status), "\(question): \(response.status)")
            if isClean { try await coordinator.expectClean(question) }
        }
        let snapshot = try #require(await coordinator.stage.loop.snapshot())
        #expect(!CoverageMetrics(snapshot, cells: snapshot.targetCells()).families().isEmpty)
    }

    @Test("Every field of a node, at its ends", arguments: 0..<variants(of: node).count)
    func nodes(_ field: Int) async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start(images: ["web=nginx", "db=redis"], nodes: [])
            var views: [NodeView] = []
            for (number, text) in Self.variants(of: Self.node)[field].enumerated() {
                let item = text.replacingOccurrences(of: "NODE", with: "n\(number)")
                let page = "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[\(item)]}"
                guard let nodes = try? Node.page(Array(page.utf8)).items else { continue }
                views += nodes.map(NodeView.init)
            }
            // An extreme that nothing takes says little.
            #expect(!views.isEmpty)
            for condition in views.flatMap(\.conditions) {
                let texts = [condition.type, condition.status, condition.reason, condition.message]
                #expect(texts.allSatisfy { !$0.hasControls })
            }
            await coordinator.stage.loop.replaceNodes(views)
            for (number, view) in views.enumerated() {
                var report = Stage.report(view.name, 1)
                report.full.images = [.listed("nginx")]
                report.imageFilesystem.capacityBytes = UInt64(number) << 40
                _ = try await coordinator.stage.loop.ingest(CheckedReport(report), after: 0, wait: .zero)
            }
            try await lookAround(coordinator, isClean: Self.isOfStatus(field, of: Self.node))
        }
    }

    @Test("Every field of a pod, at its ends", arguments: 0..<variants(of: pod).count)
    func pods(_ field: Int) async throws {
        try await LiveCoordinator.run { coordinator in
            let documents = Self.variants(of: Self.pod)[field]
            try await coordinator.start(
                images: ["web=nginx", "db=redis"], nodes: documents.indices.map { "n\($0)" })
            var views: [PodView] = []
            for (number, text) in documents.enumerated() {
                let item = text.replacingOccurrences(of: "NODE", with: "n\(number)")
                let page = "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[\(item)]}"
                guard let pods = try? ListedPod.page(Array(page.utf8)).items else { continue }
                views += pods.compactMap(\.view)
            }
            #expect(!views.isEmpty)
            await coordinator.stage.loop.replacePods(views, of: Stage.pods)
            let isClean = Self.isOfStatus(field, of: Self.pod)
            for container in views.flatMap(\.containers.values) {
                let texts = [container.imageID, container.waitingReason ?? "", container.waitingMessage ?? ""]
                #expect(texts.allSatisfy { !$0.hasControls && $0.utf8.count <= ReportLimits.message })
            }
            try await lookAround(coordinator, isClean: isClean)
            // What pods say counts most without agents.
            var restricted = try Stage.configuration(["web=nginx", "db=redis"])
            restricted.runtimeSocket = RuntimeSocket.none
            await coordinator.stage.loop.adopt(restricted, revision: 4)
            for view in views { await coordinator.stage.loop.update(view, of: Stage.pods) }
            try await lookAround(coordinator, isClean: isClean)
        }
    }

    /// Values that keys may have, and those that they may not.
    private static let values =
        [
            "", "0", "1", "-1", "100", "3600", "86400", "9223372036854775807", "-9223372036854775808", "1e308", "NaN",
            "9223372036854775807Ei", "0.000000001m", "1e-400", "{}", "[]", "null", "{\"a\":null}", "[[[[[[]]]]]]",
            "{\"\":\"\"}", "[{\"operator\":\"Exists\",\"tolerationSeconds\":9223372036854775807}]", "a=b", ";;;;", "=",
            "a=nginx;a=nginx", "none", "/", "\u{0}\u{1B}[2J", "https://[::1]:0/", "%%%", "true", "key=value:NoSchedule",
        ] + [String(repeating: "[", count: 20_000), String(repeating: "a=b;", count: 20_000)]

    @Test("Every key of the ConfigMap, at its ends", arguments: ConfigurationKey.allCases.map(\.rawValue))
    func keys(_ key: String) async throws {
        try await LiveCoordinator.run { coordinator in
            try await coordinator.start(images: ["web=nginx"], nodes: ["n1", "n2"])
            for (number, value) in Self.values.enumerated() {
                var data = ["IMAGES": "web=nginx;db=redis"]
                data[key] = value
                let last = try Stage.configuration()
                let decision = ConfigurationParser().decide(ConfigMapContent(data: data), last: last) { configuration in
                    let options = ManifestOptions(serverURL: "https://kubernetes-image-puller:8443")
                    return (try? DaemonSetManifest(configuration, revision: 0, options: options).templateBytes) ?? 0
                }
                let body = try JSONEncoder().encode(["data": data])
                let question = Shared.HTTPRequest(
                    "POST", "\(coordinator.local)/api/v1/plan", headers: ["Content-Type": "application/json"],
                    body: Array(body))
                let answer = try await coordinator.client.send(question)
                #expect([200, 400, 413].contains(answer.status), "\(value.prefix(40)): \(answer.status)")
                guard let configuration = decision.configuration else { continue }
                await coordinator.stage.loop.adopt(configuration, revision: 10 + number)
                for node in ["n1", "n2"] {
                    let sequence = UInt64(number + 1)
                    try await coordinator.stage.send(node, sequence) { $0.full.images = [.listed("nginx")] }
                }
                await coordinator.stage.loop.replan()
                let coverage = try await coordinator.get("\(coordinator.local)/api/v1/coverage")
                #expect(coverage.status == 200)
            }
            try await lookAround(coordinator)
        }
    }

    private static let kubeconfig = """
        {"current-context":«"a"»,"contexts":[{"name":«"a"»,"context":{"cluster":«"c"»,"user":«"u"»,"namespace":«"n"»}}],
        "clusters":[{"name":«"c"»,"cluster":{"server":«"https://127.0.0.1:6443"»,"certificate-authority-data":«"YQ=="»,
        "tls-server-name":«"x"»,"insecure-skip-tls-verify":«false»,"proxy-url":«""»,"certificate-authority":«""»}}],
        "users":[{"name":«"u"»,"user":{"token":«"t"»,"tokenFile":«""»,"username":«""»,"password":«""»,
        "client-certificate-data":«""»,"client-key-data":«""»,"client-certificate":«""»,"client-key":«""»,
        "exec":«null»}}]}
        """

    @Test("Every field of a kubeconfig, at its ends", arguments: 0..<variants(of: kubeconfig).count)
    func kubeconfigs(_ field: Int) throws {
        let folder = try ScratchFolder()
        for (number, text) in Self.variants(of: Self.kubeconfig)[field].enumerated() {
            let path = try folder.write("\(number)", text)
            do throws(AccessError) {
                _ = try ClusterAccess.load(kubeconfig: path, environment: [:])
            } catch {
                #expect(!"\(error)".isEmpty)
            }
        }
    }
}
