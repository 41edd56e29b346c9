import Shared

@testable import ClusterSimulator

/// An API without a socket, with a namespace `facts`.
struct APIFixture {
    let store: ObjectStore
    let handler: APIHandler

    init(historyLimit: Int = 5_000, authorizer: any Authorizer = AllowAll()) async throws {
        store = ObjectStore(historyLimit: historyLimit)
        handler = APIHandler(store: store, authorizer: authorizer)
        try await store.create(.namespaces, object: ["metadata": ["name": "facts"]])
    }

    func send(
        _ method: String, _ target: String, _ body: JSONValue? = nil, headers: [String: String] = [:]
    ) async -> APIDocument {
        var headers = headers
        if body != nil, headers["content-type"] == nil { headers["content-type"] = "application/json" }
        let request = APIRequest(method, target, headers: headers, body: body?.encoded() ?? [])
        guard case .document(let document) = await handler.respond(to: request) else {
            return APIDocument(status: 0, body: [])
        }
        return document
    }

    func apply(
        _ target: String, _ body: JSONValue, manager: String = "puller", force: Bool = false
    ) async -> APIDocument {
        await send(
            "PATCH", "\(target)?fieldManager=\(manager)&force=\(force)", body,
            headers: ["content-type": "application/apply-patch+yaml"])
    }

    /// The first events of a watch; ends the watch after them.
    func watch(_ target: String, count: Int) async throws -> [JSONValue] {
        guard case .watch(let session) = await handler.respond(to: APIRequest("GET", target)) else { return [] }
        struct Enough: Error {}
        let events = Events()
        do {
            try await session.run { line in
                let isEnough = await events.add(try Fact.parse(String(decoding: line, as: UTF8.self))) >= count
                if isEnough { throw Enough() }
            }
        } catch is Enough {}
        return await events.all
    }

    private actor Events {
        var all: [JSONValue] = []
        func add(_ event: JSONValue) -> Int {
            all.append(event)
            return all.count
        }
    }

    static let configMaps = "/api/v1/namespaces/facts/configmaps"
    static let daemonSets = "/apis/apps/v1/namespaces/facts/daemonsets"

    static func configMap(_ name: String, _ data: [String: String] = [:]) -> JSONValue {
        [
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name)],
            "data": .object(data.mapValues(JSONValue.string)),
        ]
    }

    static func daemonSet(_ name: String, containers: JSONValue? = nil) -> JSONValue {
        [
            "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": ["name": .string(name), "namespace": "facts"],
            "spec": [
                "selector": ["matchLabels": ["app": .string(name)]],
                "template": [
                    "metadata": ["labels": ["app": .string(name)]],
                    "spec": [
                        "containers": containers ?? [
                            ["name": "c", "image": "127.0.0.1:5000/busy:1", "command": ["/bin/sleep", "3600"]]
                        ],
                        "terminationGracePeriodSeconds": 1,
                    ],
                ],
            ],
        ]
    }

    static func node(_ name: String, labels: [String: String] = [:], taints: [JSONValue] = []) -> JSONValue {
        var node: JSONValue = [
            "metadata": ["name": .string(name), "labels": .object(labels.mapValues(JSONValue.string))], "spec": [:],
        ]
        if !taints.isEmpty { node.set("spec", "taints", to: .array(taints)) }
        return node
    }
}
