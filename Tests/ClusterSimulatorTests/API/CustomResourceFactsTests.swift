import Shared
import Testing

@testable import ClusterSimulator

/// The answers of a real API server about a custom resource, and ours to the same requests in the same order.
@Suite struct CustomResourceFactsTests {
    private static let objects = "/apis/che.eclipse.org/v1alpha1/namespaces/default/kubernetesimagepullers"
    private static let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    private static let name = "kubernetesimagepullers.che.eclipse.org"

    /// As far as the answers tell of it.
    private static var definition: JSONValue {
        let fields = ["configMapName", "deploymentName", "images", "nodeSelector"]
        let text: JSONValue = ["type": "string"]
        var condition = ["lastTransitionTime", "message", "reason", "status", "type"].reduce(
            into: [String: JSONValue]()
        ) {
            $0[$1] = text
        }
        condition["status"] = ["type": "string", "enum": ["True", "False", "Unknown"]]
        condition["reason"] = ["type": "string", "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"]
        condition["observedGeneration"] = ["type": "integer"]
        return [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": ["name": .string(name)],
            "spec": [
                "group": "che.eclipse.org",
                "names": ["kind": "KubernetesImagePuller", "plural": "kubernetesimagepullers"],
                "versions": [
                    [
                        "name": "v1alpha1", "served": true,
                        "schema": [
                            "openAPIV3Schema": [
                                "type": "object",
                                "properties": [
                                    "spec": [
                                        "type": "object",
                                        "properties": .object(fields.reduce(into: [:]) { $0[$1] = text }),
                                    ],
                                    "status": [
                                        "type": "object",
                                        "properties": [
                                            "conditions": [
                                                "type": "array",
                                                "items": ["type": "object", "properties": .object(condition)],
                                            ]
                                        ],
                                    ],
                                ],
                            ]
                        ],
                    ]
                ],
            ],
        ]
    }

    private static func object(_ name: String, _ spec: JSONValue) -> JSONValue {
        [
            "apiVersion": "che.eclipse.org/v1alpha1", "kind": "KubernetesImagePuller",
            "metadata": ["name": .string(name), "namespace": "default"], "spec": spec,
        ]
    }

    private static let che: JSONValue = [
        "configMapName": "k8s-image-puller", "deploymentName": "kubernetes-image-puller",
        "images": "udi-0=registry.example.com/udi:1;code-1=registry.example.com/code:1;",
    ]

    private static func status(_ fields: JSONValue, _ name: String = "eclipse-che-image-puller") -> JSONValue {
        [
            "apiVersion": "che.eclipse.org/v1alpha1", "kind": "KubernetesImagePuller",
            "metadata": ["name": .string(name)], "status": fields,
        ]
    }

    private static func condition(reason: String = "Pulling", status: String = "False") -> JSONValue {
        [
            "conditions": [
                [
                    "type": "Ready", "status": .string(status), "reason": .string(reason),
                    "message": "1 of 2 images present on 3 nodes", "observedGeneration": 1,
                    "lastTransitionTime": "2026-11-29T00:00:00Z",
                ]
            ]
        ]
    }

    private static let kept: Set<String> = [
        "reason", "status", "kind", "code", "message", "generation", "spec", "manager", "operation", "subresource",
        "fieldsV1", "details",
    ]

    private static func expect(
        _ answer: APIDocument, _ file: String, location: SourceLocation = #_sourceLocation
    ) throws {
        let (status, body) = try Fact("crd/\(file).http.txt").answer
        #expect(answer.status == status, sourceLocation: location)
        #expect(answer.json.shape(keeping: kept) == body.shape(keeping: kept), sourceLocation: location)
    }

    private static func expectNoPage(_ answer: APIDocument, location: SourceLocation = #_sourceLocation) {
        #expect(answer.status == 404 && answer.contentType.hasPrefix("text/plain"), sourceLocation: location)
        #expect(answer.body == Array("404 page not found\n".utf8), sourceLocation: location)
    }

    @Test func aDefinitionsLife() async throws {
        let api = try await APIFixture()
        let group = "/apis/che.eclipse.org/v1alpha1"
        Self.expectNoPage(await api.send("GET", Self.objects))
        Self.expectNoPage(await api.send("GET", group))
        #expect(await api.send("GET", "\(Self.definitions)/\(Self.name)").json["reason"] == "NotFound")

        #expect(await api.send("POST", Self.definitions, Self.definition).status == 201)
        let discovery = await api.send("GET", group).json["resources"]?.arrayValue ?? []
        #expect(
            discovery.compactMap { $0["name"]?.stringValue } == [
                "kubernetesimagepullers", "kubernetesimagepullers/status",
            ])
        try Self.expect(await api.send("GET", Self.objects), "04-list-empty")

        let manager = ["user-agent": "curl/8"]
        let created = await api.send(
            "POST", Self.objects, Self.object("eclipse-che-image-puller", Self.che), headers: manager)
        try Self.expect(created, "06-create")
        let strange = Self.object("warn", ["imagesList": "x"])
        let warned = await api.send("POST", Self.objects, strange, headers: manager)
        try Self.expect(warned, "07-unknown-field-warn")
        let heard = try Fact("crd/07-unknown-field-warn.http.txt").text.split(separator: "\n").first {
            $0.hasPrefix("Warning: ")
        }
        #expect(warned.headers["Warning"] == heard?.dropFirst("Warning: ".count).description)
        try Self.expect(
            await api.send("POST", "\(Self.objects)?fieldValidation=Strict", strange), "08-unknown-field-strict")
        try Self.expect(
            await api.send("POST", Self.objects, Self.object("wrong", ["nodeSelector": ["disktype": "ssd"]])),
            "09-wrong-type")

        func apply(_ status: JSONValue, to name: String = "eclipse-che-image-puller") async -> APIDocument {
            await api.apply(
                "\(Self.objects)/\(name)/status", Self.status(status, name), manager: "image-puller", force: true)
        }
        let applied = await apply(Self.condition())
        try Self.expect(applied, "10-status-apply")
        let again = await apply(Self.condition())
        try Self.expect(again, "11-status-apply-again")
        #expect(again.json == applied.json)
        try Self.expect(await apply(["coverage": "50 %"]), "12-status-unknown-field")
        try Self.expect(await apply(Self.condition(), to: "absent"), "13-status-apply-absent")
        try Self.expect(await apply(Self.condition(reason: "not ok", status: "Maybe")), "14-bad-condition")

        // All that happens from here on.
        let version = await api.send("GET", Self.objects).json.at("metadata", "resourceVersion")?.stringValue ?? ""
        #expect(await api.send("DELETE", "\(Self.objects)/eclipse-che-image-puller").status == 200)
        guard
            case .watch(let session) = await api.handler.respond(
                to: APIRequest("GET", "\(Self.objects)?watch=true&resourceVersion=\(version)"))
        else {
            Issue.record("no watch")
            return
        }
        #expect(await api.send("DELETE", "\(Self.definitions)/\(Self.name)").status == 200)
        let lines = Lines()
        try await session.run { lines.add($0) }
        let facts = try Fact("crd/05-watch.ndjson").lines.suffix(2)
        #expect(lines.all.map { $0["type"] } == facts.map { $0["type"] }, "then the watch ends")
        #expect(lines.all.map { $0["object"]?.name } == facts.map { $0["object"]?.name })
        Self.expectNoPage(await api.send("GET", Self.objects))
        Self.expectNoPage(await api.send("GET", group))
    }

    private final class Lines {
        var all: [JSONValue] = []
        func add(_ line: [UInt8]) {
            if let json = try? Fact.parse(String(decoding: line, as: UTF8.self)) { all.append(json) }
        }
    }
}
