import FoundationEssentials
import Shared
import Testing

@testable import KubernetesClient
@testable import KubernetesFixtures

/// Captured objects of a real cluster are read as what they are.
@Suite struct ResourceTests {
    private struct Items<Item: Decodable>: Decodable { var items: [Item] }

    @Test func nodes() throws {
        let node = try Facts.decode(Node.self, "node.json")
        #expect(node.metadata.name == "n1")
        #expect(node.metadata.labels["kubernetes.io/os"] == "linux")
        #expect(node.metadata.creationTimestamp == KubernetesTime("2026-11-22T21:00:15Z"))
        #expect(node.isReady == true)
        #expect(node.spec?.taints == nil)
        #expect(node.status?.allocatable?["memory"] == "24581692Ki")
        #expect(node.status?.nodeInfo?.containerRuntimeVersion == "containerd://1.6.20")
        #expect(node.status?.nodeInfo?.architecture == "amd64")
        let away = try Facts.decode(Node.self, "node.notready.json")
        #expect(away.isReady == false)
        #expect(away.spec?.taints?.contains { $0.effect == "NoExecute" } == true)
    }

    @Test func pods() throws {
        let pods = try Facts.decode(Items<Pod>.self, "pods.ready.json").items
        #expect(pods.count == 3)
        let pod = try #require(pods.first)
        #expect(pod.spec?.nodeName == "n1")
        #expect(pod.spec?.containers?.map(\.name) == ["c", "c2"])
        #expect(pod.status?.containerStatuses?.first?.imageID?.contains("@sha256:") == true)
        #expect(
            pod.status?.containerStatuses?.first?.state?.running?.startedAt == KubernetesTime("2026-11-22T21:19:26Z"))
        #expect(pod.metadata.controller?.kind == "DaemonSet")
        #expect(pod.isReady)
        let stranded = try Facts.decode(Pod.self, "pod.on-notready-node.json")
        #expect(stranded.status?.phase == "Running")
        #expect(!stranded.isReady)
        let waiting = try Facts.decode(Pod.self, "pod.ImagePullBackOff.json")
        let reasons = (waiting.status?.containerStatuses ?? []).compactMap { $0.state?.waiting?.reason }
        #expect(reasons.contains("ImagePullBackOff"))
    }

    @Test func daemonSetsKeepTheirWholeDocument() throws {
        let set = try Facts.decode(DaemonSet.self, "daemonset.ready.json")
        #expect(set.spec?.selector?.matchLabels == ["app": "d1"])
        #expect(set.spec?.updateStrategy?.type == "RollingUpdate")
        #expect(set.spec?.template?.spec?.containers?.map(\.name) == ["c"])
        #expect(set.status?.desiredNumberScheduled == 3)
        #expect(set.document == (try Facts.decode(JSONValue.self, "daemonset.ready.json")))
        let lines = try Facts.text("watch.daemonsets.sendInitialEvents.ndjson").split(separator: "\n")
        for line in lines {
            _ = try JSONDecoder().decode(WatchLine<DaemonSet>.self, from: Data(line.utf8))
        }
    }

    @Test func events() throws {
        let events = try Facts.decode([Event].self, "events.Failed.json")
        #expect(events.first?.type == .warning)
        #expect(events.first?.count == 4)
    }

    @Test func secretsNeverPrintTheirValues() throws {
        let secret = try JSONDecoder().decode(
            Secret.self, from: Data(#"{"metadata":{"name":"s"},"data":{"token":"aHVudGVyMg=="}}"#.utf8))
        #expect(secret.data?["token"] == Data("hunter2".utf8))
        var dumped = ""
        dump([secret], to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), "\([secret])", dumped] {
            #expect(text.contains("token"))
            #expect(!text.contains("hunter2") && !text.contains("7 bytes"))
        }
    }

    @Test func timesAreRFC3339() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0.0), ("2026-11-22T21:19:22Z", 1_795_382_362),
            ("2000-02-29T12:00:00Z", 951_825_600),
            ("2026-11-22T21:17:36.677519Z", 1_795_382_256.677519), ("2026-11-22T23:19:22+02:00", 1_795_382_362),
            ("1969-12-31T23:59:59Z", -1), ("2100-03-01T00:00:00Z", 4_107_542_400),
        ] {
            let time = KubernetesTime(text)
            #expect(abs((time?.secondsSinceEpoch ?? .infinity) - seconds) < 0.001, "\(text)")
        }
        for text in [
            "", "2026-11-22", "2026-11-22T21:19:22", "2026-13-22T21:19:22Z", "2026-11-22T21:19:22Zx", "tomorrow",
        ] {
            #expect(KubernetesTime(text) == nil, "\(text)")
        }
        #expect(KubernetesTime("2026-11-22T21:19:22Z")?.description == "2026-11-22T21:19:22Z")
    }

    @Test func paths() {
        #expect(ResourceType.nodes.path(name: "a/b") == "/api/v1/nodes/a%2Fb")
        #expect(ResourceType.daemonSets.path(namespace: "n") == "/apis/apps/v1/namespaces/n/daemonsets")
        #expect(ResourceType.daemonSets.path() == "/apis/apps/v1/daemonsets")
        #expect(
            ResourceType.pods.path(namespace: "n", name: "p", subresource: "status")
                == "/api/v1/namespaces/n/pods/p/status")
        #expect(percentEncoded("a=b,c in (d)/é~") == "a%3Db%2Cc%20in%20%28d%29%2F%C3%A9~")
    }
}
