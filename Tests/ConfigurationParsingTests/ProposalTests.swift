import Cluster
import ImageSets
import Shared
import Testing

@testable import ConfigurationFixtures
@testable import ConfigurationParsing
@testable import TestBasics

/// What a message tells to write must itself be right.
@Suite("Proposals")
struct ProposalTests {
    private func decideKey(_ key: String, _ value: String) -> ConfigurationDecision {
        decide(["IMAGES": "web=nginx:1.25", key: value])
    }

    /// The entry that a message proposes, if any.
    private func proposal(_ decision: ConfigurationDecision) -> String? {
        decision.findings.lazy.compactMap { finding -> String? in
            guard finding.entry != nil, let next = finding.nextStep, next.hasPrefix("write ") else { return nil }
            let text = String(next.dropFirst(6))
            return text.contains(" ") || text == "name=reference" ? nil : text
        }.first
    }

    @Test(
        "Of an entry that isn't valid",
        arguments: [
            ("Web=nginx:1.26", "web=nginx:1.26"), ("Web_App=Quay.io/Team/App:V1", "web-app=quay.io/team/app:V1"),
            ("nginx:1.26", "nginx=nginx:1.26"), ("Quay.io/Team/App", "app=quay.io/team/app"),
            ("=redis", "redis=redis"), ("Image-Puller-Agent=nginx", "image-puller-agent-2=nginx"),
            ("a=https://quay.io/team/app", "a=quay.io/team/app"),
            ("web=Nginx", "web=nginx"),
        ])
    func entries(entry: String, expected: String) {
        #expect(proposal(decide(["IMAGES": "\(entry);other=busybox"])) == expected)
    }

    @Test("A name that the list has is not proposed")
    func taken() {
        #expect(proposal(decide(["IMAGES": "web=nginx:1;Web=nginx:2;web-2=redis"])) == "web-3=nginx:2")
    }

    /// Whatever is written: a proposal, put in its entry's place, is accepted.
    @Test("Random entries", arguments: 1...20)
    func random(seed: UInt64) {
        var random = Seeded(state: seed)
        let pieces = [
            "Web", "web", "A", "Image-Puller-Agent", "=", "=", "nginx", "Nginx", ":", "1.0", "V1", "/", "quay.io",
            "Quay.IO",
            "@", "sha256:ab", "_", "-", ".", " ", "é", "http://", "docker://", "NAME-1", "IMAGE-1", "<image>",
            "__NAME__", ",",
        ]
        for _ in 0..<500 {
            let entry = (0..<Int.random(in: 1...7, using: &random)).compactMap { _ in
                pieces.randomElement(using: &random)
            }.joined()
            guard let proposed = proposal(decide(["IMAGES": "\(entry);first=busybox"])) else { continue }
            let decision = decide(["IMAGES": "\(proposed);first=busybox"])
            #expect(decision.configuration?.images.count == 2, "\(entry): \(proposed): \(decision.texts)")
            #expect(decision.findings.allSatisfy { $0.severity != .error }, "\(entry): \(proposed)")
        }
    }

    @Test(
        "Placeholders of manuals are named",
        arguments: [
            ("NAME-1=IMAGE-1", "NAME-1"), ("__NAME__=nginx", "__NAME__"), ("<image>=…", "<image>"),
            ("<name>=<image>", "<name>"), ("web=${IMAGE}", "${IMAGE}"), ("web={{ image }}", "{{ image }}"),
            ("web=YOUR_REGISTRY/app", "YOUR_REGISTRY/app"), ("web=$(IMAGE)", "$(IMAGE)"), ("name=…", "…"),
        ])
    func placeholders(entry: String, name: String) {
        let texts = decide(["IMAGES": "\(entry);other=busybox"]).texts
        #expect(texts.first?.contains("\"\(name)\" is a placeholder, as manuals") == true, "\(texts)")
        #expect(!texts.contains { $0.contains("is no DNS label") })
    }

    @Test("What is valid is no placeholder, and no part of a password is quoted")
    func noPlaceholders() {
        #expect(decide(["IMAGES": "your-app=your-registry.example.com/name/image:TAG"]).findings.isEmpty)
        #expect(!decide(["IMAGES": "web=bob:pa<ss>word@reg.example.com/app;b=c"]).texts.joined().contains("ss>"))
        #expect(decide(["IMAGES": "WEB-APP=nginx;b=c"]).texts.first?.contains("web-app=nginx") == true)
        #expect(decideKey("DAEMONSET_NAME", "<name>").texts.first?.contains("\"<name>\" is a placeholder") == true)
    }

    @Test(
        "YAML in the place of JSON gets its JSON",
        arguments: [
            ("NODE_SELECTOR", "disk: ssd\ngpu: true", #"{"disk":"ssd","gpu":"true"}"#),
            ("NODE_SELECTOR", "{disk: ssd}", #"{"disk":"ssd"}"#), ("NODE_SELECTOR", "{'a':'b'}", #"{"a":"b"}"#),
            (
                "TOLERATIONS", "- key: gpu\n  operator: Exists\n  effect: NoExecute\n  tolerationSeconds: 5",
                #"[{"effect":"NoExecute","key":"gpu","operator":"Exists","tolerationSeconds":5}]"#
            ),
        ])
    func yaml(key: String, text: String, json: String) {
        #expect(decideKey(key, text).findings.first?.nextStep == "write it as JSON: \(json)")
        #expect(decideKey(key, json).findings.isEmpty)
    }

    @Test("Neither deep nor long nor repeating YAML is read")
    func hostileYAML() {
        #expect(YAMLAsJSON.text(of: String(repeating: "[", count: 5000)) == nil)
        #expect(YAMLAsJSON.text(of: String(repeating: "- ", count: 5000)) == nil)
        #expect(YAMLAsJSON.text(of: "a: &a {b: c}\nd: [*a, *a]") == nil)
        #expect(YAMLAsJSON.text(of: "a: " + String(repeating: "b", count: 20_000)) == nil)
        #expect(YAMLAsJSON.text(of: "a") == nil)
    }

    @Test("An empty object stands for an empty list")
    func emptyObject() throws {
        #expect(decide(["IMAGES": "{}"]).images == [])
        let last = try accepted("web=nginx")
        #expect(decide(["IMAGES": " {} "], last: last).isRejected)
    }

    @Test("Of another namespace: what there is on each platform")
    func namespaces() {
        func next(_ labels: [String: String]) -> String {
            let content = ConfigMapContent(data: ["IMAGES": "a=b", "NAMESPACE": "builds"], labels: labels)
            let decision = ConfigurationParser(options: standardOptions).decide(content, last: nil) { _ in 0 }
            return decision.findings.first?.nextStep ?? ""
        }
        #expect(next(["app.kubernetes.io/managed-by": "Helm"]).contains("the chart's extraNamespaces"))
        #expect(next([:]).contains("--extra-namespace=builds"))
        #expect(!next([:]).contains("chart"))
    }

    @Test("A key of the Go puller's multi-cluster mode")
    func multiCluster() {
        let texts = decide(["IMAGES": "a=b", "MULTICLUSTER": "false"]).texts
        #expect(
            texts == [
                "MULTICLUSTER: it has no effect: the Go puller's multi-cluster mode is not supported. "
                    + "Next step: remove it."
            ])
    }
}
