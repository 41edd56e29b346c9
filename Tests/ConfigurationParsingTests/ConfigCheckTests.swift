import Foundation
import Testing

@testable import ConfigurationFixtures
@testable import ConfigurationParsing
@testable import Formatting
@testable import TestBasics

@Suite("config check")
struct ConfigCheckTests {
    static let good = """
        # A comment, and another document.
        apiVersion: v1
        kind: Service
        metadata: {name: other}
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: images
          namespace: cache
        data:
          IMAGES: |
            web=nginx:1.25;
            api=redis@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;
          CACHING_INTERVAL_HOURS: "2"
        """

    func check(_ text: String, namespace: String? = nil) throws -> ConfigCheck {
        ConfigCheck(try ManifestReader.read(text), file: "test.yaml", namespace: namespace)
    }

    @Test("A list of which no DaemonSet can be made is told, of a ConfigMap and of an object")
    func tooLarge() throws {
        let list = (1...4000).map { "a\($0)=registry.example.com/a:\($0)" }.joined(separator: ";")
        for (file, key) in [
            ("kind: ConfigMap\nmetadata: {name: a}\ndata: {IMAGES: \"\(list)\"}", "IMAGES"),
            (
                "apiVersion: che.eclipse.org/v1alpha1\nkind: KubernetesImagePuller\nmetadata: {name: a}\n"
                    + "spec: {images: \"\(list)\"}", "spec.images"
            ),
        ] {
            let check = ConfigCheck(try ManifestReader.read(file), file: "f", namespace: nil)
            let first = try #require(check.findings.first)
            #expect(!check.isAccepted && first.finding.severity == .error && first.finding.key == key)
            #expect(first.line != nil && first.finding.message.contains("with 4000 images, and the limit is 524288"))
        }
    }

    @Test("A good file: what each key means, with defaults marked")
    func goodFile() throws {
        let check = try check(Self.good)
        #expect(check.isGood)
        #expect(check.namespace == "cache")
        #expect(check.keys.map(\.key) == ConfigurationKey.allCases.map(\.rawValue))
        #expect(
            check.keys.first
                == .init(
                    key: "IMAGES", line: 12, value: "2 entries", isDefault: false, isValid: true,
                    meaning: "cached on every target node and held there, listed below"))
        let interval = try #require(check.keys.first { $0.key == "CACHING_INTERVAL_HOURS" })
        #expect(interval.line == 15)
        #expect(interval.meaning == "every 2 hours the DaemonSet is checked, and tags are looked up again")
        #expect(check.keys.count { $0.isDefault } == ConfigurationKey.allCases.count - 2)
        #expect(check.images.map(\.line) == [13, 14])
        #expect(check.images.map(\.normalised).first == "docker.io/library/nginx:1.25")
        #expect(check.images.map(\.isMutable) == [true, false])
    }

    @Test("As text, without colour")
    func text() throws {
        let text = ConfigCheckText().render(try check(Self.good))
        #expect(text.hasPrefix("test.yaml: ConfigMap images, for a coordinator in namespace cache\n\nLINE  KEY"))
        #expect(text.contains("\n  13  web    nginx:1.25"))
        #expect(text.hasSuffix("\ngood\n"))
        #expect(!text.contains("\u{1B}"))
        #expect(text.split(separator: "\n").allSatisfy { $0.last != " " })
        let coloured = ConfigCheckText(style: TextStyle(isColoured: true)).render(try check(Self.good))
        #expect(coloured.contains("\u{1B}[32mgood\u{1B}[0m"))
    }

    @Test("Findings have the lines of the file")
    func lines() throws {
        let check = try check(
            """
            kind: ConfigMap
            data:
              IMAGES: >
                web=nginx;
                web=redis;

                Api=redis
                db=x;
              TOLERATIONS: |
                [
                  {"operator":"exists"}
                ]
              NODE_SELECTOR: "{'a':'b'}"
              "TOLERATION": "[]"
              CACHING_INTERVAL_HOURS: 5
            """)
        let lines = check.findings.map { "\($0.finding.severity) \($0.line ?? 0) \($0.finding.key)" }
        #expect(
            lines == [
                "error 7 IMAGES", "error 11 TOLERATIONS", "error 13 NODE_SELECTOR",
                "error 15 CACHING_INTERVAL_HOURS", "warning 5 IMAGES", "warning 14 TOLERATION", "info 3 IMAGES",
            ])
        #expect(!check.isGood)
        #expect(!check.isAccepted)
        #expect(
            ConfigCheckText().render(check).hasSuffix(
                "bad, 4 errors, 2 warnings: the API server would refuse this file\n"))
    }

    @Test("Entries that are wrong make the file bad, though the rest would take effect")
    func entries() throws {
        let check = try check("kind: ConfigMap\ndata: {IMAGES: 'a=nginx;b='}")
        #expect(check.isAccepted)
        #expect(!check.isGood)
        #expect(check.keys.first?.value == "1 of 2 entries")
        #expect(
            ConfigCheckText().render(check).hasSuffix(
                "bad, 1 error: the entries named above would have no effect, the rest would\n"))
    }

    @Test("JSON, a List, and a choice by name")
    func lists() throws {
        let list = """
            {"kind":"List","items":[{"kind":"Secret"},
             {"kind":"ConfigMap","metadata":{"name":"unrelated"},"data":{"x":"y"}},
             {"kind":"ConfigMap","metadata":{"name":"one"},"data":{"IMAGES":"a=nginx;\\nb=redis"}},
             {"kind":"ConfigMap","metadata":{"name":"two"},"data":{"IMAGES":"c=nginx"}}]}
            """
        let error = #expect(throws: ManifestFileError.self) { try ManifestReader.read(list) }
        #expect(
            error?.description == "several ConfigMaps have keys of Image Puller: one (line 3), two (line 4). "
                + "Next step: choose one with --name.")
        let one = try ManifestReader.read(list, name: "one")
        #expect(one.content.data == ["IMAGES": "a=nginx;\nb=redis"])
        #expect(one.entryLines["IMAGES"] == [3, 3])
        #expect(throws: ManifestFileError.self) { try ManifestReader.read(list, name: "three") }
    }

    @Test(
        "A file without a ConfigMap says what it has",
        arguments: [
            ("", "the file is empty. Next step: write a ConfigMap manifest."),
            (
                "kind: Deployment\n---\nkind: Service",
                "the file has no ConfigMap and no KubernetesImagePuller (che.eclipse.org/v1alpha1), but Deployment (line 1), Service (line 3). Next step: give the file of the ConfigMap or the object."
            ),
            (
                "IMAGES: a=b",
                "the file has no ConfigMap and no KubernetesImagePuller (che.eclipse.org/v1alpha1), but a mapping without a kind (line 1). "
                    + "Next step: give the file of the ConfigMap or the object."
            ),
            (
                "- 1",
                "the file has no ConfigMap and no KubernetesImagePuller (che.eclipse.org/v1alpha1), but a list (line 1). "
                    + "Next step: give the file of the ConfigMap or the object."
            ),
            (
                "kind: Template",
                "the file has no ConfigMap and no KubernetesImagePuller (che.eclipse.org/v1alpha1), but Template (line 1). Next step: process the template first: "
                    + "oc process --local -f FILE -o yaml | coordinator config check -."
            ),
            (
                "kind: ConfigMap\ndata:\n  A: {{ .Values.x }}",
                "line 3: the file is a Helm template. "
                    + "Next step: render it first: helm template CHART | coordinator config check -."
            ),
            (
                "kind: ConfigMap\ndata:\n  IMAGES: a\n  IMAGES: b",
                "line 3: \"IMAGES\" stands twice in the mapping that begins here. Next step: remove one of the two."
            ),
            (
                "a: [",
                "line 2: the file can't be read as YAML: did not find expected node content. Next step: put the file right."
            ),
        ])
    func unreadable(text: String, message: String) {
        let error = #expect(throws: ManifestFileError.self) { try ManifestReader.read(text) }
        #expect(error?.description == message)
    }

    @Test("Values that the API server refuses", arguments: ["5", "true", "1.5", "{a: b}", "[]"])
    func untypedValues(value: String) throws {
        let check = try check("kind: ConfigMap\ndata:\n  IMAGES: a=nginx\n  notes: \(value)")
        #expect(check.findings.first?.line == 4)
        #expect(check.findings.first?.finding.severity == .error)
        #expect(!check.isGood)
    }

    @Test("The namespace can be told")
    func namespace() throws {
        let text = "kind: ConfigMap\ndata: {IMAGES: a=nginx, NAMESPACE: cache}"
        #expect(try check(text).isGood)
        #expect(try check(text, namespace: "cache").isGood)
        #expect(try !check(text, namespace: "other").isGood)
    }

    @Test("As JSON for scripts")
    func json() throws {
        let encoder = JSONEncoder()
        let check = try check("kind: ConfigMap\ndata: {IMAGES: 'a=nginx;b='}")
        let object = try #require(try JSONSerialization.jsonObject(with: encoder.encode(check)) as? [String: Any])
        #expect(object["good"] as? Bool == false)
        #expect(object["accepted"] as? Bool == true)
        let finding = try #require((object["findings"] as? [[String: Any]])?.first)
        #expect(finding["severity"] as? String == "error")
        #expect(finding["key"] as? String == "IMAGES")
        #expect(finding["line"] as? Int == 2)
        let image = try #require((object["images"] as? [[String: Any]])?.first)
        #expect(image["normalised"] as? String == "docker.io/library/nginx:latest")
        #expect(image["mutable"] as? Bool == true)
    }

    @Test("What is written without its registry is named, once for all")
    func shortNames() throws {
        let short = try check("kind: ConfigMap\ndata: {IMAGES: \"a=nginx;b=redis:7;c=quay.io/x/y:1\"}")
        let finding = try #require(short.findings.first?.finding)
        #expect(short.findings.count == 1 && finding.severity == .info && short.isGood)
        #expect(finding.message.hasPrefix("nginx, redis:7: written without a registry, which means docker.io"))
        #expect(try check("kind: ConfigMap\ndata: {IMAGES: \"a=docker.io/library/nginx:1\"}").findings.isEmpty)
    }

    @Test("No secret of a file reaches the output")
    func secrets() throws {
        let check = try check(
            """
            kind: ConfigMap
            data:
              IMAGES: "a=nginx;b=bob:hunter2@registry/app"
              KIP_IMAGE: "bob:hunter2@registry/app"
              ALERT_WEBHOOK_URL: "https://bob:hunter2@am/?token=hunter2"
            """)
        #expect(!ConfigCheckText().render(check).contains("hunter2"))
        #expect(!String(decoding: try JSONEncoder().encode(check), as: UTF8.self).contains("hunter2"))
    }

    @Test("Two documents of one ConfigMap are both judged, and the last counts")
    func replacedDocuments() throws {
        let text = """
            kind: ConfigMap
            metadata: {name: images}
            data: {IMAGES: "a=nginx;b="}
            ---
            kind: ConfigMap
            metadata: {name: images}
            data: {IMAGES: "c=redis"}
            """
        for name in [nil, "images"] {
            let manifest = try ManifestReader.read(text, name: name)
            let check = ConfigCheck(manifest, file: "x", namespace: nil)
            #expect(check.images.map(\.name) == ["c"])
            #expect(check.replaced.map { $0.images.map(\.name) } == [["a"]])
            #expect(check.isAccepted && !check.isGood, "the first document takes effect first")
            #expect(check.findings.map(\.finding.severity) == [.warning, .info])
            #expect(check.findings.map(\.finding.key) == ["metadata.name", "IMAGES"])
            let output = ConfigCheckText().render(check)
            #expect(output.hasPrefix("x: ConfigMap images (line 1)"))
            #expect(output.contains("x: ConfigMap images (line 5)"))
            #expect(
                output.hasSuffix(
                    "bad, 1 warning: an earlier document of this ConfigMap has errors, and takes effect first\n"))
        }
        let good = try check(text.replacing(";b=", with: ""))
        #expect(good.isGood)
        #expect(ConfigCheckText().render(good).hasSuffix("good, 1 warning\n"))
        #expect(throws: ManifestFileError.self, "in two namespaces they are two") {
            try check(
                text.replacing(
                    "---\nkind: ConfigMap\nmetadata: {", with: "---\nkind: ConfigMap\nmetadata: {namespace: x, "))
        }
    }

    @Test(
        "TABs that kubectl takes in JSON",
        arguments: [
            "\t{\"kind\":\"ConfigMap\",\"data\":{\"IMAGES\":\"a=b\"}}",
            "{\"kind\":\"ConfigMap\",\n\t\"data\":{\"IMAGES\":\"a=b\"}}\n\t\n",
            "\t\n{\"kind\":\"ConfigMap\",\"data\":{\"IMAGES\":\"a=b\"}}\n  \t",
            "kind:\tConfigMap\ndata: {\n\tIMAGES: a=b}",
        ])
    func tabs(text: String) throws {
        #expect(try check(text).images.map(\.name) == ["a"])
    }

    @Test("A mapping in the place of a text gets its JSON")
    func mappings() throws {
        let check = try check("kind: ConfigMap\ndata:\n  IMAGES: a=b\n  NODE_SELECTOR:\n    disk: ssd\n    gpu: true")
        #expect(
            check.findings.first?.finding.nextStep == "write it as JSON: '{\"disk\":\"ssd\",\"gpu\":\"true\"}'")
    }

    @Test("Random files are refused or understood, never crashed on", arguments: 1...10)
    func randomFiles(seed: UInt64) {
        var random = Seeded(state: seed)
        let pieces = [
            "kind: ConfigMap\n", "data:\n", "  IMAGES: ", "  ", "|\n", ">\n", "'", "\"", "{", "}", "[", "a=b;", "---\n",
            "&a ", "*a", "\t", "\n", ": ", "é", "\u{0}", "metadata:\n", "- ",
        ]
        for _ in 0..<200 {
            let text = (0..<Int.random(in: 0...15, using: &random)).compactMap { _ in
                pieces.randomElement(using: &random)
            }
            guard let manifest = try? ManifestReader.read("kind: ConfigMap\n" + text.joined()) else { continue }
            let check = ConfigCheck(manifest, file: "x", namespace: nil)
            #expect(!ConfigCheckText().render(check).isEmpty)
        }
    }
}
