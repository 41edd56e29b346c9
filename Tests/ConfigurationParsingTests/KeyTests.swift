import Cluster
import ImageSets
import Testing

@testable import ConfigurationFixtures
@testable import ConfigurationParsing

@Suite("Keys of the ConfigMap")
struct KeyTests {
    static let images = "web=nginx:1.25"

    /// Decides on one key beside a good image list.
    func decideKey(_ key: String, _ value: String) -> ConfigurationDecision {
        decide(["IMAGES": Self.images, key: value])
    }

    @Test("Absent keys have the defaults of the contract")
    func defaults() throws {
        let decision = decide(["IMAGES": Self.images])
        let configuration = try #require(decision.configuration)
        #expect(decision.findings.isEmpty)
        #expect(configuration.cachingIntervalHours == 1)
        #expect(configuration.sleepResources.memoryRequest == "10Mi")
        #expect(configuration.sleepResources.memoryLimit == "20Mi")
        #expect(configuration.sleepResources.cpuRequest == "1m")
        #expect(configuration.sleepResources.cpuLimit == "200m")
        #expect(configuration.daemonSetName == "kubernetes-image-puller")
        #expect(configuration.daemonSetAnnotations.isEmpty)
        #expect(configuration.namespace == "k8s-image-puller")
        #expect(configuration.scheduling == Scheduling())
        #expect(configuration.imagePullSecrets.isEmpty)
        #expect(configuration.agentImage == standardOptions.defaultAgentImage)
        #expect(configuration.pullMaxParallel == 250)
        #expect(configuration.rollMaxParallel == nil)
        #expect(configuration.pullTimeoutSeconds == 1800)
        #expect(configuration.retry == RetryPolicy())
        #expect(configuration.reportIntervalSeconds == nil)
        #expect(configuration.runtimeSocket == .automatic)
        #expect(configuration.historyRetentionDays == 30)
        #expect(configuration.imageGCHighPercent == 85)
        #expect(configuration.alertAfterSeconds == 900)
        #expect(configuration.alertWebhookURL == nil)
    }

    @Test("An empty value means the default, as the Go puller has it", arguments: ConfigurationKey.allCases)
    func emptyValue(key: ConfigurationKey) throws {
        guard key != .images else { return }
        let decision = decideKey(key.rawValue, " \n")
        #expect(decision.configuration == decide(["IMAGES": Self.images]).configuration)
    }

    @Test("The ConfigMap of the Go puller's chart works as it is")
    func goPuller() throws {
        let decision = decide([
            "IMAGES":
                "che-code=quay.io/che-incubator/che-code:next; base=quay.io/devfile/base-developer-image:ubi9-latest;\n",
            "DAEMONSET_NAME": "kubernetes-image-puller",
            "DAEMONSET_ANNOTATIONS": "{\"reloader.stakater.com/auto\": \"true\"}",
            "CACHING_INTERVAL_HOURS": "1", "NAMESPACE": "k8s-image-puller", "CACHING_MEMORY_REQUEST": "10Mi",
            "CACHING_MEMORY_LIMIT": "20Mi", "CACHING_CPU_REQUEST": ".05", "CACHING_CPU_LIMIT": ".2",
            "NODE_SELECTOR": "{}",
            "IMAGE_PULL_SECRETS": "one;two;", "AFFINITY": "{}", "TOLERATIONS": "[{\"operator\":\"Exists\"}]",
            "KIP_IMAGE": "quay.io/eclipse/kubernetes-image-puller:next",
        ])
        let configuration = try #require(decision.configuration)
        #expect(configuration.images.map(\.name) == ["che-code", "base"])
        #expect(configuration.sleepResources.cpuRequest == ".05")
        #expect(configuration.sleepResources.cpuLimit == ".2")
        #expect(configuration.daemonSetAnnotations == ["reloader.stakater.com/auto": "true"])
        #expect(configuration.imagePullSecrets == ["one", "two"])
        #expect(configuration.scheduling.tolerations == [Toleration(operator: .exists)])
        #expect(configuration.agentImage == standardOptions.defaultAgentImage)
        #expect(
            decision.texts == [
                "KIP_IMAGE: quay.io/eclipse/kubernetes-image-puller:next is the Go puller's image, which has no agent in it; "
                    + "it is ignored, and registry.example.com/image-puller:1 is used instead. "
                    + "Next step: remove the key, or name an image of Image Puller."
            ])
    }

    @Test("PROTECT_PRIVATE_IMAGES is true or false")
    func protection() {
        let good: [(String, Bool?)] = [("true", true), (" false ", nil), ("", nil)]
        for (text, expected) in good {
            let decision = decide(["IMAGES": Self.images, "PROTECT_PRIVATE_IMAGES": text])
            #expect(decision.configuration?.protectsPrivateImages == expected && decision.findings.isEmpty, "\(text)")
        }
        for text in ["True", "1", "yes"] {
            #expect(decide(["IMAGES": Self.images, "PROTECT_PRIVATE_IMAGES": text]).isRejected)
        }
    }

    @Test("Whole numbers have ranges", arguments: ConfigurationKey.allCases.filter { $0.range != nil })
    func ranges(key: ConfigurationKey) throws {
        let range = try #require(key.range)
        // The two ends of the retry delays bound each other.
        let companion: [String: String] =
            switch key {
            case .retryInitialSeconds: ["RETRY_MAX_SECONDS": "86400"]
            case .retryMaxSeconds: ["RETRY_INITIAL_SECONDS": "1"]
            case .nodeReadyTimeoutSeconds: ["NODE_READY_TAINT": "a:NoSchedule"]
            default: [:]
            }
        for good in ["\(range.lowerBound)", "\(range.upperBound)", " \(range.lowerBound)\n"] {
            let decision = decide(["IMAGES": Self.images, key.rawValue: good].merging(companion) { first, _ in first })
            #expect(decision.findings.isEmpty, "\(key) \(good)")
            let configuration = try #require(decision.configuration)
            #expect(ConfigMapFormatter.value(of: key, in: configuration) == good.trimmed)
        }
        let bad = [
            "0", "-1", "\(range.upperBound + 1)", "99999999999999999999", "1.5", "1h", "one", "1 2", "0x10", "１", "+",
            "--1",
        ]
        for text in bad {
            let decision = decide(["IMAGES": Self.images, key.rawValue: text].merging(companion) { first, _ in first })
            #expect(decision.isRejected, "\(key) \(text)")
            #expect(decision.findings.count == 1)
            #expect(decision.findings.first?.key == key.rawValue)
        }
    }

    @Test("The messages of numbers say what is allowed")
    func numberMessages() {
        #expect(
            decideKey("CACHING_INTERVAL_HOURS", "0").texts == [
                "CACHING_INTERVAL_HOURS: 0 is less than 1. Next step: write a whole number from 1 to 8760, such as \"1\"."
            ])
        #expect(
            decideKey("IMAGE_GC_HIGH_PERCENT", "85%").texts == [
                "IMAGE_GC_HIGH_PERCENT: \"85%\" is no whole number. "
                    + "Next step: write a whole number from 1 to 100, such as \"1\"."
            ])
        #expect(
            decide(["IMAGES": Self.images, "RETRY_INITIAL_SECONDS": "60", "RETRY_MAX_SECONDS": "30"]).texts == [
                "RETRY_INITIAL_SECONDS: the first delay, 60 seconds, is longer than the longest, RETRY_MAX_SECONDS, which is "
                    + "30. Next step: lower it, or raise RETRY_MAX_SECONDS."
            ])
    }

    @Test(
        "Quantities are those of Kubernetes",
        arguments: ["10Mi", "0", "1", ".5Gi", "1.5Gi", "1e6", "1E6", "15000k", "0.01G", "10000Ki", "5.Mi", "+9Mi"])
    func goodMemory(text: String) {
        let decision = decide(["IMAGES": Self.images, "CACHING_MEMORY_REQUEST": text, "CACHING_MEMORY_LIMIT": "2Gi"])
        #expect(decision.findings.isEmpty)
        #expect(decision.configuration?.sleepResources.memoryRequest == text)
    }

    @Test(
        "Bad quantities reject the edit",
        arguments: [
            (
                "abc",
                "\"abc\" is no quantity: it doesn't begin with a number. Next step: write one, such as 10Mi or 64Mi."
            ),
            ("10MB", "\"10MB\" is no quantity: \"MB\" is no unit of Kubernetes. Next step: write 10Mi."),
            ("10 Mi", "\"10 Mi\" is no quantity: \" Mi\" is no unit of Kubernetes. Next step: write 10Mi."),
            ("10mi", "\"10mi\" is no quantity: \"mi\" is no unit of Kubernetes. Next step: write 10Mi."),
            (
                "10xyz",
                "\"10xyz\" is no quantity: \"xyz\" is no unit of Kubernetes. "
                    + "Next step: write a quantity, such as 10Mi or 64Mi."
            ),
            ("-5Mi", "-5Mi is negative. Next step: write a quantity, such as 10Mi or 64Mi."),
        ])
    func badMemory(text: String, message: String) {
        let decision = decideKey("CACHING_MEMORY_LIMIT", text)
        #expect(decision.isRejected)
        #expect(decision.texts == ["CACHING_MEMORY_LIMIT: \(message)"])
    }

    @Test("A request is at most its limit")
    func requestAboveLimit() {
        #expect(
            decideKey("CACHING_MEMORY_REQUEST", "30Mi").texts == [
                "CACHING_MEMORY_REQUEST: the request 30Mi is more than the limit 20Mi (the default). "
                    + "Next step: lower it, or raise CACHING_MEMORY_LIMIT."
            ])
        #expect(
            decideKey("CACHING_CPU_LIMIT", "500u").texts == [
                "CACHING_CPU_LIMIT: the request 1m (the default) is more than the limit 500u. "
                    + "Next step: raise it, or lower CACHING_CPU_REQUEST."
            ])
        let equal = decide(["IMAGES": Self.images, "CACHING_MEMORY_REQUEST": "1Gi", "CACHING_MEMORY_LIMIT": "1024Mi"])
        #expect(equal.findings.isEmpty)
    }

    @Test("A limit that a runtime refuses is warned of")
    func smallLimit() {
        let decision = decide(["IMAGES": Self.images, "CACHING_MEMORY_REQUEST": "1Mi", "CACHING_MEMORY_LIMIT": "5Mi"])
        #expect(!decision.isRejected)
        #expect(
            decision.texts == [
                "CACHING_MEMORY_LIMIT: CRI-O refuses containers with a limit under 12Mi. "
                    + "Next step: write 12Mi or more where nodes run CRI-O."
            ])
    }

    @Test("The namespace must be the coordinator's, or granted")
    func namespace() {
        let other = decideKey("NAMESPACE", "team-a")
        #expect(other.isRejected)
        #expect(
            other.texts == [
                "NAMESPACE: the coordinator runs in k8s-image-puller and has no right to create the DaemonSet in team-a. "
                    + "Next step: write k8s-image-puller, or give the coordinator the argument --extra-namespace=team-a, "
                    + "and its service account in team-a a Role such as it has in k8s-image-puller."
            ])
        var options = standardOptions
        options.extraNamespaces = ["team-a"]
        let granted = decide(["IMAGES": Self.images, "NAMESPACE": "team-a"], options: options)
        #expect(granted.configuration?.namespace == "team-a")
        #expect(granted.findings.isEmpty)
        #expect(decideKey("NAMESPACE", "Team_A").isRejected)
        options.ownNamespace = "cache"
        let absent = decide(["IMAGES": Self.images], options: options)
        #expect(absent.configuration?.namespace == "cache")
        #expect(absent.findings.map(\.severity) == [.info])
    }

    @Test("The DaemonSet's name must do for a label too")
    func daemonSetName() {
        for good in ["a", "image-puller", "a.b", String(repeating: "x", count: 63)] {
            #expect(decideKey("DAEMONSET_NAME", good).configuration?.daemonSetName == good)
        }
        for bad in ["A", "a_b", "-a", "a-", "a..b", "ä", String(repeating: "x", count: 64)] {
            #expect(decideKey("DAEMONSET_NAME", bad).isRejected, "\(bad)")
        }
        #expect(
            decideKey("DAEMONSET_NAME", "My_Puller").texts == [
                "DAEMONSET_NAME: \"My_Puller\" can't be the DaemonSet's name: 1 to 63 lower-case letters, digits, '-' and "
                    + "'.', with a letter or digit at both ends. Next step: write my-puller."
            ])
    }

    @Test("Pull secrets are names between semicolons")
    func pullSecrets() {
        #expect(decideKey("IMAGE_PULL_SECRETS", " a ; b.c;;a ").configuration?.imagePullSecrets == ["a", "b.c"])
        #expect(
            decideKey("IMAGE_PULL_SECRETS", "one,two").texts == [
                "IMAGE_PULL_SECRETS, entry 1 \"one,two\": secrets are separated by ';', not by ',' or white space. "
                    + "Next step: write the names like this: secret1;secret2."
            ])
        #expect(decideKey("IMAGE_PULL_SECRETS", "one;Two").isRejected)
    }

    @Test("KIP_IMAGE is a reference, and never the Go puller's")
    func agentImage() {
        let own = "mirror.example.com:5000/tools/image-puller@sha256:" + String(repeating: "a", count: 64)
        #expect(decideKey("KIP_IMAGE", own).configuration?.agentImage == own)
        for go in [
            "quay.io/eclipse/kubernetes-image-puller", "quay.io/che-incubator/kubernetes-image-puller:v1",
            "mirror.example.com/quay/eclipse/kubernetes-image-puller:next",
            "registry.redhat.io/devspaces/imagepuller-rhel9:3.1", "quay.io/openshiftio/kubernetes-image-puller:bdf0ed3",
            "mirror.example.com/kubernetes-image-puller", "quay.io/crw/imagepuller-rhel8:2.0",
        ] {
            let decision = decideKey("KIP_IMAGE", go)
            #expect(decision.configuration?.agentImage == standardOptions.defaultAgentImage)
            #expect(decision.findings.map(\.severity) == [.warning], "\(go)")
        }
        #expect(
            decideKey("KIP_IMAGE", "quay.io/x/image-puller:").texts == [
                "KIP_IMAGE: \"quay.io/x/image-puller:\": a tag is 1 to 128 letters, digits, '_', '.' and '-', and doesn't "
                    + "begin with '.' or '-'. Next step: write a tag after ':', or leave the ':' out."
            ])
        let unknown = decide(["IMAGES": Self.images], options: ConfigurationOptions())
        #expect(unknown.findings.map(\.severity) == [.warning])
    }

    @Test("The runtime's socket is found, named or done without")
    func runtimeSocket() {
        func socket(_ text: String) -> RuntimeSocket? { decideKey("RUNTIME_SOCKET", text).configuration?.runtimeSocket }
        #expect(socket("") == .automatic)
        #expect(socket("none") == RuntimeSocket.none)
        #expect(socket("/run/k3s/containerd/containerd.sock") == .path("/run/k3s/containerd/containerd.sock"))
        #expect(socket("unix:///run/crio/crio.sock") == .path("/run/crio/crio.sock"))
        for bad in [
            "None", "containerd.sock", "/containerd.sock", "/run/a/../b.sock", "/run//b.sock", "/run/a/",
            "/run/a b/c.sock",
            "/run/a,/run/b", "/run/a:b/c.sock", "/run/" + String(repeating: "x", count: 110), "tcp://127.0.0.1:1",
        ] {
            #expect(decideKey("RUNTIME_SOCKET", bad).isRejected, "\(bad)")
        }
        #expect(decideKey("RUNTIME_SOCKET", "/run/cri-dockerd.sock").findings.map(\.severity) == [.warning])
        #expect(decideKey("RUNTIME_SOCKET", "/var/run/docker.sock").findings.map(\.severity) == [.warning])
    }

    @Test("The webhook is an HTTP URL, and its secrets stay in it")
    func webhook() throws {
        let good = "https://am.example.com:9093/prefix"
        #expect(decideKey("ALERT_WEBHOOK_URL", good).configuration?.alertWebhookURL == good)
        #expect(decideKey("ALERT_WEBHOOK_URL", "http://[::1]:9093").findings.isEmpty)
        for bad in ["am:9093", "ftp://am", "http://", "http://a b", "http://am:99999", "http://am/#x", "//am"] {
            let decision = decideKey("ALERT_WEBHOOK_URL", bad)
            #expect(decision.isRejected, "\(bad)")
        }
        let secret = decideKey("ALERT_WEBHOOK_URL", "http://bob:hunter2@am:9093")
        #expect(secret.findings.map(\.severity) == [.warning])
        #expect(!secret.texts.joined().contains("hunter2"))
        #expect(!decideKey("ALERT_WEBHOOK_URL", "ftp://bob:hunter2@am").texts.joined().contains("hunter2"))
    }

    @Test("Unknown keys are named, with what was meant")
    func unknownKeys() {
        let decision = decide([
            "IMAGES": Self.images, "TOLERATION": "[]", "caching-memory-limit": "1", "DEPLOYMENT_NAME": "x",
            "notes": "y",
        ])
        #expect(
            decision.texts
                == [
                    "DEPLOYMENT_NAME: it has no effect: it names the Go puller's Deployment, and the coordinator finds its own. "
                        + "Next step: remove it.",
                    "TOLERATION: unknown key; it has no effect. Next step: did you mean TOLERATIONS?.",
                    "caching-memory-limit: unknown key; it has no effect. Next step: did you mean CACHING_MEMORY_LIMIT?.",
                    "notes: unknown key; it has no effect. Next step: remove it, or see the documentation for the keys.",
                ].map { $0.replacing("?.", with: "?") })
        #expect(decision.findings.map(\.severity) == [.info, .warning, .warning, .warning])
    }

    @Test("A key in binaryData rejects the edit")
    func binaryData() {
        let content = ConfigMapContent(data: ["IMAGES": Self.images], binaryKeys: ["NODE_SELECTOR"])
        let decision = ConfigurationParser(options: standardOptions).decide(
            content, last: nil, templateBytes: { _ in 0 })
        #expect(
            decision.texts == [
                "NODE_SELECTOR: it stands in binaryData, which isn't read. Next step: move it to data."
            ])
        #expect(decision.isRejected)
    }

    @Test("All mistakes are told at once")
    func allAtOnce() {
        let decision = decide([
            "IMAGES": "web=;api=redis", "CACHING_INTERVAL_HOURS": "x", "NODE_SELECTOR": "[]", "NAMESPACE": "Z",
        ])
        #expect(decision.findings.map(\.key) == ["IMAGES", "NAMESPACE", "NODE_SELECTOR", "CACHING_INTERVAL_HOURS"])
        #expect(decision.summary == "rejected for 4 errors: the last accepted configuration stays in force")
    }
}
