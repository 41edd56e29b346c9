import ClusterModel
import Shared
import Testing

/// `deploy/kustomize/operator/crd.yaml`
@Suite struct DefinitionTests {
    private static func definition() throws -> JSONValue {
        try #require(try Repository.documents("deploy/kustomize/operator/crd.yaml").first)
    }

    private static func schema() throws -> StructuralSchema { StructuralSchema(of: try definition()) }

    private static func object(spec: JSONValue? = nil, status: JSONValue? = nil) -> JSONValue {
        var object: JSONValue = [
            "apiVersion": "che.eclipse.org/v1alpha1", "kind": "KubernetesImagePuller",
            "metadata": ["name": "eclipse-che-image-puller", "namespace": "eclipse-che"],
        ]
        object["spec"] = spec
        object["status"] = status
        return object
    }

    /// Of the Go operator's definition: none is required, none is limited.
    private static let theirs = [
        "configMapName", "daemonsetName", "deploymentName", "images", "cachingIntervalHours", "cachingMemoryRequest",
        "cachingMemoryLimit", "cachingCPURequest", "cachingCPULimit", "nodeSelector", "imagePullSecrets", "affinity",
        "tolerations", "imagePullerImage",
    ]

    @Test func anAPIServerTakesIt() throws {
        let definition = try Self.definition()
        #expect(try SchemaCheck().faults(definition) == [])
        #expect(try Self.schema().faults() == [])
        let spec = try #require(definition["spec"])
        let plural = try #require(spec.at("names", "plural")?.stringValue)
        #expect(definition.name == "\(plural).\(spec["group"]?.stringValue ?? "")")
        let versions = spec["versions"]?.arrayValue ?? []
        #expect(versions.filter { $0["storage"] == true }.count == 1 && versions.allSatisfy { $0["served"] == true })
        #expect(versions.map { $0["name"] } == ["v1alpha1"], "what objects are stored as")
        #expect(versions.first?.at("subresources", "status") == [:])
    }

    @Test func columns() throws {
        let columns = try Self.definition().at("spec", "versions")?.arrayValue?.first?["additionalPrinterColumns"]
        #expect(
            (columns?.arrayValue ?? []).map { $0["name"]?.stringValue } == [
                "Ready", "Coverage", "Present", "Failed", "Age",
            ])
        // They lead to fields that there are.
        let status = try Self.schema().root.at("properties", "status", "properties")
        for column in columns?.arrayValue ?? [] {
            let path = (column["jsonPath"]?.stringValue ?? "").split(separator: ".").prefix { !$0.contains("[") }
            if path.first == "status", path.count == 2 {
                #expect(status?[String(path[1])]?["type"] == column["type"], "\(path)")
            }
        }
    }

    @Test func noFieldOfTheGoOperatorsIsLimited() throws {
        let properties = try Self.schema().root.at("properties", "spec", "properties")
        for field in Self.theirs {
            var property = properties?[field]
            property?["description"] = nil
            #expect(property == ["type": "string"], "\(field)")
        }
        #expect(try Self.schema().root["required"] == nil)
        #expect(try Self.schema().root.at("properties", "spec", "required") == nil)
    }

    /// Whatever the Go operator's definition accepts: any of its fields, with any text.
    @Test func objectsOfTheGoOperatorsAreAccepted() throws {
        let schema = try Self.schema()
        #expect(schema.judge(Self.object()) == .init())
        let texts = ["", "{}", "a=b;", #"{"a":"b"}"#, "  \n", "ü", String(repeating: "x", count: 100_000), "5", "null"]
        for seed in 0..<300 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var spec: JSONValue = [:]
            for field in Self.theirs where Bool.random(using: &random) {
                spec[field] = .string(texts.randomElement(using: &random) ?? "")
            }
            var status: JSONValue = [:]
            if Bool.random(using: &random) {
                status["imagePullerImage"] = "quay.io/eclipse/kubernetes-image-puller:next"
            }
            status["conditions"] = .array(
                ["Ready", "Degraded", "Progressing", "example.com/Other"].filter { _ in Bool.random(using: &random) }
                    .map {
                        [
                            "type": .string($0),
                            "status": .string(["True", "False", "Unknown"].randomElement(using: &random) ?? ""),
                            "reason": "ReconcileComplete", "message": "", "lastTransitionTime": "2026-11-29T00:00:00Z",
                            "observedGeneration": .integer(.random(in: 0..<9, using: &random)),
                        ]
                    })
            #expect(schema.judge(Self.object(spec: spec, status: status)) == .init(), "seed \(seed)")
        }
    }

    /// As an API server with the Go operator's definition answered.
    @Test func mistakesAreRefusedAsTheirsAre() throws {
        let schema = try Self.schema()
        let wrong = schema.judge(Self.object(spec: ["nodeSelector": ["disktype": "ssd"]]))
        #expect(wrong.faults == [".spec.nodeSelector: must be of type string"])
        #expect(schema.judge(Self.object(spec: ["imagesList": "a=b"])) == .init(unknown: [".spec.imagesList"]))
        let condition = schema.judge(
            Self.object(status: [
                "conditions": [
                    [
                        "type": "Ready", "status": "Maybe", "reason": "not ok", "message": "",
                        "lastTransitionTime": "2026-11-29T00:00:00Z",
                    ]
                ]
            ]))
        #expect(condition.faults.count == 2)
        #expect(condition.faults.contains { $0.hasPrefix(".status.conditions[0].reason: should match") })
        #expect(condition.faults.contains(".status.conditions[0].status: Unsupported value"))
        let twice: JSONValue = [
            "type": "Ready", "status": "True", "reason": "A", "message": "",
            "lastTransitionTime": "2026-11-29T00:00:00Z",
        ]
        #expect(
            schema.judge(Self.object(status: ["conditions": [twice, twice]])).faults == [
                ".status.conditions: Duplicate value"
            ])
    }

    @Test func ourFieldsAreTyped() throws {
        let schema = try Self.schema()
        let good = Self.object(
            spec: [
                "imageList": [["name": "web", "image": "nginx:1.27"], ["image": "redis:7"]],
                "nodeLabels": ["pool": "gpu"],
                "affinityObject": ["nodeAffinity": ["requiredDuringSchedulingIgnoredDuringExecution": [:]]],
                "tolerationList": [
                    ["key": "gpu", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60]
                ],
                "pullSecrets": ["registry"], "daemonSetAnnotations": ["team": "platform"], "priorityClassName": "low",
            ],
            status: [
                "observedGeneration": 2, "coverage": "97.5 %", "wanted": 40, "present": 39, "failed": 1, "message": "",
                "images": .array(
                    (0..<100).map {
                        [
                            "name": .string("i-\($0)"), "image": "nginx", "present": 2, "failed": 1, "wanted": 3,
                            "reason": "notFound", "message": "no such tag",
                        ]
                    }),
            ])
        #expect(schema.judge(good) == .init())
        let mistakes: [(JSONValue, String)] = [
            (["imageList": [["name": "web"]]], ".spec.imageList[0].image: Required value"),
            (["imageList": "web=nginx"], ".spec.imageList: must be of type array"),
            (["nodeLabels": ["gpu": true]], ".spec.nodeLabels.gpu: must be of type string"),
            (["affinityObject": "{}"], ".spec.affinityObject: must be of type object"),
            (
                ["tolerationList": [["tolerationSeconds": "60"]]],
                ".spec.tolerationList[0].tolerationSeconds: must be of type integer"
            ),
            (["pullSecrets": "a;b"], ".spec.pullSecrets: must be of type array"),
        ]
        for (spec, fault) in mistakes { #expect(schema.judge(Self.object(spec: spec)).faults == [fault]) }
        var many = good
        many["status"]?["images"] = .array(Array(repeating: [:], count: 101))
        #expect(schema.judge(many).faults == [".status.images: Too many"])
    }

    /// A check that finds nothing would prove nothing.
    @Test func schemasThatAreNotStructuralAreFound() {
        func faults(_ spec: JSONValue) -> [String] {
            let root: JSONValue = ["type": "object", "properties": ["spec": spec]]
            return StructuralSchema(of: ["spec": ["versions": [["schema": ["openAPIV3Schema": root]]]]]).faults()
        }
        #expect(faults(["type": "object"]) == [])
        #expect(faults([:]) == [".spec: no type"])
        #expect(faults(["type": "array"]) == [".spec: no items"])
        #expect(faults(["type": "object", "required": ["a"]]) == [".spec: a is required and unknown"])
        #expect(faults(["type": "string", "pattern": "("]) == [".spec: ( is no pattern"])
        #expect(
            faults([
                "type": "object", "properties": ["a": ["type": "string"]], "additionalProperties": ["type": "string"],
            ]).count == 1)
        let list: JSONValue = [
            "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"],
            "items": ["type": "object", "properties": ["type": ["type": "string"]]],
        ]
        #expect(faults(list) == [".spec: keys must be required"])
    }
}
