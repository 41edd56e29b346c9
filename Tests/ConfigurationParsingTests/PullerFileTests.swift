import Testing

@testable import ConfigurationParsing

@Suite("Files with KubernetesImagePuller objects") struct PullerFileTests {
    private static func object(_ head: String, _ spec: String) -> String {
        """
        ---
        apiVersion: che.eclipse.org/v1alpha1
        kind: KubernetesImagePuller
        metadata: {\(head)}
        spec:
        \(spec)

        """
    }

    private static let main = """
        ---
        kind: ConfigMap
        metadata: {name: k8s-image-puller, namespace: cache}
        data: {IMAGES: "a=quay.io/a/b:1"}

        """

    private static func check(_ documents: String..., namespace: String? = nil) throws -> ConfigCheck {
        ConfigCheck(try ManifestReader.read(documents.joined()), file: "f", namespace: namespace)
    }

    private static func keys(_ check: ConfigCheck) -> [String] {
        check.findings.filter { $0.finding.severity != .info }.map { "\($0.line ?? 0) \($0.finding.key)" }
    }

    @Test("An object alone is told field by field, with its lines and its image set")
    func alone() throws {
        let check = try Self.check(
            Self.object(
                "name: gpu, namespace: cache",
                "  images: >-\n    cuda=quay.io/ml/cuda:12;\n    torch=quay.io/ml/torch:2\n  nodeSelector: '{\"pool\": \"gpu\"}'"
            ))
        #expect(check.isGood && check.imageSet == "gpu" && check.namespace == "cache")
        #expect(check.images.map { "\($0.line ?? 0) \($0.name)" } == ["7 cuda", "8 torch"])
        let shown = check.keys.filter { !$0.isDefault }
        #expect(shown.map { "\($0.line ?? 0) \($0.key)" } == ["6 spec.images", "9 spec.nodeSelector"])
        #expect(check.keys.contains { $0.key == "spec.cachingMemoryLimit" } && check.keys.allSatisfy(\.isValid))
        #expect(!check.keys.contains { !$0.key.hasPrefix("spec.") }, "keys of the cluster are the main ConfigMap's")
        let text = ConfigCheckText().render(check)
        #expect(text.hasPrefix("f: KubernetesImagePuller gpu of image set gpu, for a coordinator in namespace cache\n"))
        #expect(text.contains("Linux nodes with pool=gpu") && text.contains("fields as without the file"))
    }

    @Test("Typed fields have their own lines; what must be a string and isn't is told by the field")
    func typed() throws {
        let good = try Self.check(
            Self.object(
                "name: gpu",
                "  images: a=quay.io/a/a:1\n  imageList:\n  - {name: b, image: quay.io/a/b:1}\n  - image: quay.io/a/c:1\n"
                    + "  nodeLabels: {pool: gpu}\n  tolerationList:\n  - {key: gpu, operator: Exists, tolerationSeconds: 5, "
                    + "effect: NoExecute}"))
        #expect(Self.keys(good).isEmpty && good.isGood)
        #expect(good.images.map { "\($0.line ?? 0) \($0.name)" } == ["6 a", "8 b", "9 c"])
        let bad = try Self.check(
            Self.object(
                "name: gpu",
                "  imageList:\n  - {name: b, image: quay.io/a/b:1}\n  - {name: c}\n  - {name: D, image: quay.io/a/d:1}\n"
                    + "  cachingIntervalHours: 2\n  nodeLabels: {gpu: true}\n  affinity: '{'\n  colour: red"))
        #expect(
            Self.keys(bad) == [
                "8 spec.imageList[1]", "9 spec.imageList", "10 spec.cachingIntervalHours", "11 spec.nodeLabels",
                "12 spec.affinity", "13 spec.colour",
            ])
        #expect(bad.keys.filter { !$0.isValid }.map(\.key) == ["spec.cachingIntervalHours", "spec.affinity"])
        #expect(!bad.isAccepted)
        let text = ConfigCheckText().render(bad)
        #expect(!text.contains("NODE_SELECTOR") && !text.contains("AFFINITY"), "no key is named: there is none")
    }

    @Test(
        "Of a list or a mapping where a text must stand the typed field is named, and a JSON that can be used",
        arguments: [
            (
                "nodeSelector: {a: b}",
                #"write spec.nodeLabels in its place, or the same as JSON between quotation marks: '{"a":"b"}'"#
            ),
            ("nodeSelector: {a: 1}", "write spec.nodeLabels in its place"),
            ("nodeSelector: [a]", "write spec.nodeLabels in its place"),
            (
                "tolerations: [{operator: Exists, key: gpu}]",
                "write spec.tolerationList in its place, or the same as JSON between quotation marks: "
                    + #"'[{"key":"gpu","operator":"Exists"}]'"#
            ),
            ("affinity: {nodeAffinity: {nonsense: 1}}", "write spec.affinityObject in its place"),
            (
                "images: [quay.io/a/b:1]",
                "write spec.imageList in its place, or a text such as name=reference;name=reference"
            ),
            ("imagePullSecrets: [one]", "write spec.pullSecrets in its place, or a text such as secret1;secret2"),
            ("cachingIntervalHours: 2", "write it between quotation marks"),
            ("daemonsetName: {a: b}", "write a text between quotation marks"),
        ])
    func remedies(field: String, step: String) throws {
        let check = try Self.check(Self.object("name: gpu", "  imageList: [{image: quay.io/a/c:1}]\n  \(field)"))
        #expect(check.findings.compactMap(\.finding.nextStep) == [step])
        // What is proposed is good.
        guard let start = step.firstIndex(of: "'"), let name = field.split(separator: ":").first else { return }
        let good = try Self.check(Self.object("name: gpu", "  images: a=quay.io/a/c:1\n  \(name): \(step[start...])"))
        #expect(good.isGood)
    }

    @Test("With the main ConfigMap and with each other objects are checked together")
    func together() throws {
        let che = Self.object("name: che, namespace: eclipse-che", "  images: b=quay.io/a/c:1")
        let good = try Self.check(che, Self.main, Self.object("name: gpu", "  images: c=quay.io/a/d:1"))
        #expect(good.isGood && good.imageSet == nil && good.sets.map(\.imageSet) == ["eclipse-che.che", "gpu"])
        #expect(good.sets.map(\.namespace) == ["cache", "cache"])
        let text = ConfigCheckText().render(good)
        #expect(text.contains("KubernetesImagePuller che of image set eclipse-che.che (line 2)"))
        // By another namespace of the coordinator it is another set.
        #expect(try Self.check(che, namespace: "eclipse-che").imageSet == "che")

        let label = "---\nkind: ConfigMap\nmetadata: {name: x, labels: {image-puller/set: gpu}}\ndata: {IMAGES: a=b}\n"
        let taken = try Self.check(
            Self.main, label, Self.object("name: gpu, namespace: cache", "  images: a=quay.io/a/b:1"))
        #expect(taken.sets[0].isAccepted && !taken.sets[1].isAccepted)
        #expect(Self.keys(taken.sets[1]).first?.hasSuffix("metadata.name") == true)
        let daemonSet = try Self.check(
            Self.main,
            Self.object(
                "name: one, namespace: cache", "  images: a=quay.io/a/b:1\n  daemonsetName: kubernetes-image-puller"))
        #expect(Self.keys(daemonSet.sets[0]) == ["11 spec.daemonsetName"] && !daemonSet.isGood)
    }

    @Test("Two documents of one object are both judged, and the last counts; one can be chosen by its name")
    func choice() throws {
        let text =
            Self.object("name: one", "  images: a=") + Self.object("name: one", "  images: b=quay.io/a/b:1")
            + Self.object("name: two", "  images: c=quay.io/a/c:1")
        let check = try Self.check(text)
        #expect(check.images.map(\.name) == ["b"] && check.replaced.count == 1 && !check.isGood)
        #expect(check.sets.map(\.name) == ["two"])
        #expect(ConfigCheckText().render(check).contains("the file has this KubernetesImagePuller 2 times"))
        #expect(try ManifestReader.read(text, name: "two").name == "two")
        #expect(throws: ManifestFileError.self) { try ManifestReader.read(text, name: "three") }
        let list = """
            {"kind": "List", "items": [{"kind": "ConfigMap", "data": {"x": "y"}},
             {"kind": "KubernetesImagePuller", "apiVersion": "che.eclipse.org/v1alpha1", "metadata": {"name": "a"}}]}
            """
        #expect(try ManifestReader.read(list).name == "a", "another program's ConfigMap is none of ours")
    }

    @Test(
        "What the API server would refuse is told so",
        arguments: ["namespace: x", "name: Upper", "name: \"\"", "name: a.-b"])
    func names(head: String) throws {
        let check = try Self.check(Self.object(head, "  images: a=quay.io/a/b:1"))
        #expect(!check.isApplicable && Self.keys(check).contains { $0.hasSuffix("metadata.name") })
    }

    @Test("A specification that is none, too deep, or huge by aliases is told, not followed")
    func strange() throws {
        let bomb = (1...30).map { "  a\($0): &a\($0) [\($0 == 1 ? "x" : "*a\($0 - 1), *a\($0 - 1)")]" }
            .joined(separator: "\n")
        let deep = "  a: " + String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
        for spec in ["  - a", "  text", bomb, deep] {
            let check = try Self.check(Self.object("name: a", spec))
            #expect(!check.isApplicable && Self.keys(check).contains { $0.hasSuffix(" spec") })
        }
        let other = Self.object("name: a", "  images: x").replacing("v1alpha1", with: "v2")
        #expect(throws: ManifestFileError.self) { try Self.check(other) }
    }
}
