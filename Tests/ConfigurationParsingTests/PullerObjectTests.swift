import Cluster
import ImageSets
import Shared
import Testing

@testable import ConfigurationFixtures
@testable import ConfigurationParsing

@Suite("A KubernetesImagePuller object as the configuration of an image set") struct PullerObjectTests {
    private static func decide(
        _ spec: JSONValue?, annotations: [String: String] = [:], insteadOf: String? = nil, last: Configuration? = nil
    ) -> ConfigurationDecision {
        var options = standardOptions
        options.imageSet = "che"
        options.extraNamespaces = ["eclipse-che"]
        let place = PullerObject.Place(
            namespace: insteadOf == nil ? "eclipse-che" : "k8s-image-puller",
            daemonSetName: "kubernetes-image-puller-che",
            insteadOf: insteadOf)
        let content = PullerObject.content(spec: spec, annotations: annotations, place: place)
        return ConfigurationParser(options: options).decide(content, last: last) { _ in 0 }
    }

    @Test("All fields of the Go operator count, but for the names of what it makes")
    func goFields() throws {
        let decision = Self.decide([
            "configMapName": "k8s-image-puller", "deploymentName": "kubernetes-image-puller", "daemonsetName": "mine",
            "images": "udi-0=registry.example.com/udi:1;code-1=registry.example.com/code:1;",
            "cachingIntervalHours": "2",
            "cachingMemoryRequest": "5Mi", "cachingMemoryLimit": "30Mi", "cachingCPURequest": ".05",
            "cachingCPULimit": ".2", "nodeSelector": #"{"pool":"che"}"#, "imagePullSecrets": "a;b", "affinity": "{}",
            "tolerations": #"[{"operator":"Exists"}]"#,
        ])
        #expect(decision.findings.isEmpty)
        let configuration = try #require(decision.configuration)
        #expect(decision.images == ["udi-0=registry.example.com/udi:1", "code-1=registry.example.com/code:1"])
        #expect(configuration.daemonSetName == "mine" && configuration.namespace == "eclipse-che")
        #expect(configuration.cachingIntervalHours == 2 && configuration.sleepResources.memoryLimit == "30Mi")
        #expect(configuration.sleepResources.cpuRequest == ".05" && configuration.sleepResources.cpuLimit == ".2")
        #expect(configuration.scheduling.nodeSelector == ["pool": "che"])
        #expect(configuration.scheduling.tolerations.count == 1 && configuration.imagePullSecrets == ["a", "b"])
    }

    @Test("Lists of more than can ever be used aren't read, and of unknown fields some are named")
    func tooMuch() throws {
        let last = try #require(Self.decide(["images": "web=nginx"]).configuration)
        let entry: JSONValue = ["image": "nginx"]
        let long = Self.decide(["imageList": .array(Array(repeating: entry, count: 5_000))], last: last)
        #expect(long.configuration == nil)
        #expect(
            long.texts.contains(
                "spec.imageList: it has 5000 entries, and the limit is 4096. "
                    + "Next step: list fewer images; nothing changes until then."))
        #expect(long.texts.count <= 2)
        let both = Self.decide(
            ["images": "web=nginx", "imageList": .array(Array(repeating: entry, count: 4096))], last: last)
        #expect(both.configuration == nil)
        var fields: [String: JSONValue] = ["images": "web=nginx"]
        for number in 1...300 { fields["f\(number)"] = .integer(1) }
        let unknown = Self.decide(.object(fields))
        #expect(unknown.images == ["web=nginx"] && unknown.texts.count == 21)
        #expect(unknown.texts.last?.contains("280 more unknown fields from here on") == true)
    }

    @Test("Typed fields say the same without strings in strings")
    func typedFields() throws {
        let decision = Self.decide([
            "imageList": [["name": "web", "image": "nginx"], ["image": "redis:7"], ["image": "x.example/y/redis:8"]],
            "nodeLabels": ["pool": "che"],
            "tolerationList": [["key": "gpu", "operator": "Exists", "effect": "NoSchedule"]],
            "affinityObject": [
                "nodeAffinity": [
                    "requiredDuringSchedulingIgnoredDuringExecution": [
                        "nodeSelectorTerms": [["matchExpressions": [["key": "a", "operator": "Exists"]]]]
                    ]
                ]
            ],
            "pullSecrets": ["a", "b"], "daemonSetAnnotations": ["example.com/a": "b"], "priorityClassName": "low",
            "nodeSelector": "{}", "affinity": "", "images": "old=busybox",
        ])
        #expect(decision.findings.isEmpty)
        let configuration = try #require(decision.configuration)
        #expect(decision.images == ["old=busybox", "web=nginx", "redis=redis:7", "redis-2=x.example/y/redis:8"])
        #expect(configuration.scheduling.nodeSelector == ["pool": "che"])
        #expect(configuration.scheduling.tolerations.first?.key == "gpu")
        #expect(!configuration.scheduling.affinity.isEmpty && configuration.imagePullSecrets == ["a", "b"])
        #expect(configuration.daemonSetAnnotations == ["example.com/a": "b"])
        #expect(configuration.priorityClassName == "low")
        #expect(configuration.daemonSetName == "kubernetes-image-puller-che")
    }

    @Test("A mistake is told by the field, and rejects what it makes unsure")
    func mistakes() throws {
        let cases: [(JSONValue, String)] = [
            (["images": "a=nginx", "nodeSelector": "{"], "spec.nodeSelector"),
            (["images": "a=nginx", "nodeLabels": ["a b": "c"]], "spec.nodeLabels"),
            (["images": "a=nginx", "nodeLabels": ["a": "b"], "nodeSelector": #"{"c":"d"}"#], "spec.nodeLabels"),
            (["images": "a=nginx", "tolerationList": [["operator": "Never"]]], "spec.tolerationList"),
            (["images": "a=nginx", "cachingMemoryLimit": "much"], "spec.cachingMemoryLimit"),
            (["images": "a=nginx", "cachingIntervalHours": 2], "spec.cachingIntervalHours"),
            (["imageList": "a=nginx"], "spec.imageList"),
            (["imageList": [["image": "a;b=c"]]], "spec.imageList"),
            (["imageList": [["name": "a"]]], "spec.imageList[0]"),
            (["images": "a=nginx", "pullSecrets": [1]], "spec.pullSecrets"),
        ]
        for (spec, field) in cases {
            let decision = Self.decide(spec)
            #expect(decision.isRejected, "\(spec)")
            #expect(decision.findings.contains { $0.key == field && $0.severity == .error }, "\(decision.texts)")
            #expect(!decision.texts.contains { $0.contains("NODE_SELECTOR") || $0.contains("CACHING_") })
        }
        // One bad entry takes no other along.
        let partly = Self.decide(["images": "a=nginx;b=UPPER"])
        #expect(partly.images == ["a=nginx"] && partly.findings.map(\.key) == ["spec.images"])
        #expect(Self.decide(["images": "a=nginx", "imagesList": "b=redis"]).findings.map(\.key) == ["spec.imagesList"])
    }

    @Test("What the Go operator writes into an object is told and ignored; a field that is gone means its default")
    func habits() throws {
        let go = Self.decide(["images": "a=nginx", "imagePullerImage": "quay.io/eclipse/kubernetes-image-puller:next"])
        #expect(go.findings.map(\.key) == ["spec.imagePullerImage"])
        #expect(go.texts.first?.contains("the Go puller's image") == true)
        #expect(go.configuration?.agentImage == standardOptions.defaultAgentImage)

        let placed = try #require(
            Self.decide(["images": "a=nginx", "nodeSelector": #"{"a":"b"}"#, "daemonsetName": "x"]).configuration)
        let bare = Self.decide(["images": "a=nginx"], last: placed)
        #expect(bare.configuration?.scheduling.nodeSelector == [:])
        #expect(bare.configuration?.daemonSetName == "kubernetes-image-puller-che")
        // But an empty list releases nothing unless that is said.
        #expect(Self.decide(["images": ""], last: placed).isRejected)
        #expect(Self.decide(nil, last: placed).isRejected)
        let released = Self.decide(
            ["images": ""], annotations: [ConfigMapContent.allowEmptyAnnotation: "true"], last: placed)
        #expect(released.images == [])
    }

    @Test("Pull secrets that are looked for in another namespace than the object's are told of")
    func place() {
        let spec: JSONValue = ["images": "a=nginx", "imagePullSecrets": "mine"]
        #expect(Self.decide(spec).findings.isEmpty)
        let away = Self.decide(spec, insteadOf: "eclipse-che")
        #expect(away.configuration?.namespace == "k8s-image-puller")
        #expect(away.findings.map(\.key) == ["spec.pullSecrets"] && away.texts[0].contains("eclipse-che"))
        #expect(Self.decide(["images": "a=nginx"], insteadOf: "eclipse-che").findings.isEmpty)
    }

    @Test("No two objects have one set, and names have 63 characters at most")
    func names() {
        let own = "k8s-image-puller"
        func set(_ namespace: String, _ name: String) -> String {
            PullerSetName.set(namespace: namespace, name: name, own: own)
        }
        #expect(set(own, "gpu") == "gpu" && set("che", "gpu") == "che.gpu")
        #expect(set(own, "default") == "k8s-image-puller.default")
        let names = ["a", "a.b", "b", "b.c", "a.b.c", "default", "k8s-image-puller", "k8s-image-puller.a"]
        let all = [own, "a", "b", "default"].flatMap { namespace in names.map { set(namespace, $0) } }
        #expect(Set(all).count == all.count)
        let long = String(repeating: "x", count: 60)
        #expect(set(long, long + "a") != set(long, long + "b"))
        for text in [set(long, long), PullerSetName.daemonSet(namespace: long, name: long + ".y", isAway: true)] {
            #expect(text.utf8.count <= 63 && KubernetesName.isSubdomain(text) && KubernetesName.isLabelValue(text))
        }
        #expect(PullerSetName.daemonSet(namespace: "che", name: "x", isAway: false) == "kubernetes-image-puller-x")
    }
}
