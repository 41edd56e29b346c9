import Cluster
import ImageSets
import Testing

@testable import ConfigurationFixtures
@testable import ConfigurationParsing

@Suite("The ConfigMap of an image set beside the main one") struct ImageSetKeysTests {
    private static func options(_ set: String = "gpu") -> ConfigurationOptions {
        var options = standardOptions
        options.imageSet = set
        return options
    }

    @Test("Keys of the cluster are told as without effect, whatever they say; all others count")
    func clusterKeys() throws {
        let decision = decide(
            [
                "IMAGES": "a=nginx", "PULL_MAX_PARALLEL": "nonsense", "RETRY_MAX_SECONDS": "1",
                "RUNTIME_SOCKET": "none", "KIP_IMAGE": "x.example/y:1", "NODE_READY_TAINT": "a=b:NoSchedule",
                "ALERT_AFTER_SECONDS": "", "NODE_SELECTOR": #"{"pool":"gpu"}"#, "CACHING_INTERVAL_HOURS": "7",
            ], options: Self.options())
        let configuration = try #require(decision.configuration)
        #expect(
            Set(decision.findings.map(\.key)) == [
                "PULL_MAX_PARALLEL", "RETRY_MAX_SECONDS", "RUNTIME_SOCKET", "KIP_IMAGE", "NODE_READY_TAINT",
            ])
        #expect(decision.findings.allSatisfy { $0.severity == .warning && $0.message.contains("image set gpu") })
        #expect(configuration.runtimeSocket == .automatic && configuration.pullMaxParallel == 250)
        #expect(configuration.scheduling.nodeSelector == ["pool": "gpu"] && configuration.cachingIntervalHours == 7)
        #expect(configuration.scheduling.nodeReadyGate == nil)
    }

    @Test("Its DaemonSet is called after it, unless it says how; a name that is too long has to be said")
    func daemonSetName() throws {
        let named = decide(["IMAGES": "a=nginx"], options: Self.options())
        #expect(named.configuration?.daemonSetName == "kubernetes-image-puller-gpu")
        let own = decide(["IMAGES": "a=nginx", "DAEMONSET_NAME": "mine"], options: Self.options())
        #expect(own.configuration?.daemonSetName == "mine")
        let long = Self.options(String(repeating: "x", count: 63))
        #expect(decide(["IMAGES": "a=nginx"], options: long).isRejected)
        #expect(decide(["IMAGES": "a=nginx", "DAEMONSET_NAME": "mine"], options: long).configuration != nil)
    }

    @Test("A main ConfigMap is read as ever", arguments: ["PULL_MAX_PARALLEL", "RETRY_MAX_SECONDS"])
    func main(key: String) {
        #expect(decide(["IMAGES": "a=nginx", key: "nonsense"]).isRejected)
        #expect(decide(["IMAGES": "a=nginx"]).configuration?.daemonSetName == "kubernetes-image-puller")
    }

    @Test(
        "Names of sets are DNS labels, and not the main one's",
        arguments: [("gpu", true), ("default", false), ("", false), ("Gpu", false), ("a.b", false), ("a-1", true)])
    func names(name: String, isGood: Bool) { #expect((ImageSetName.fault(name) == nil) == isGood) }

    private static func document(_ name: String, set: String?, _ data: String) -> String {
        let labels = set.map { "\n  labels: {image-puller/set: \"\($0)\"}" } ?? ""
        return "---\nkind: ConfigMap\nmetadata:\n  name: \(name)\(labels)\ndata:\n\(data)\n"
    }

    private static func check(_ documents: String...) throws -> ConfigCheck {
        ConfigCheck(try ManifestReader.read(documents.joined()), file: "f", namespace: nil)
    }

    @Test("A file with several sets is checked whole: which set each is, and what no two can have")
    func file() throws {
        let main = Self.document("k8s-image-puller", set: nil, "  IMAGES: a=nginx")
        let gpu = Self.document("one", set: "gpu", "  IMAGES: b=redis\n  RETRY_MAX_SECONDS: \"9\"")
        let build = Self.document("two", set: "build", "  IMAGES: c=busybox")
        let good = try Self.check(gpu, main, build)
        #expect(good.isGood && good.imageSet == nil && good.sets.map(\.imageSet) == ["gpu", "build"])
        let text = ConfigCheckText().render(good)
        #expect(text.contains("ConfigMap one of image set gpu (line 2)"))
        #expect(text.contains("RETRY_MAX_SECONDS") && text.contains("it is the same for all image sets"))

        let other = Self.document("three", set: "gpu", "  IMAGES: d=alpine")
        let twice = try Self.check(main, gpu, other)
        #expect(!twice.isGood && twice.sets[0].isGood && !twice.sets[1].isAccepted)
        let taken = Self.document(
            "three", set: "x", "  IMAGES: d=alpine\n  DAEMONSET_NAME: kubernetes-image-puller-gpu")
        let clash = try Self.check(main, gpu, taken)
        #expect(clash.sets[1].findings.contains { $0.finding.key == "DAEMONSET_NAME" && $0.line != nil })
        #expect(!clash.isGood)
        // A set alone, and a broken one beside good ones.
        #expect(try Self.check(gpu).imageSet == "gpu")
        let broken = try Self.check(main, Self.document("two", set: "build", "  IMAGES: c=UPPER"))
        #expect(!broken.isGood && broken.isGoodAlone)
    }
}
