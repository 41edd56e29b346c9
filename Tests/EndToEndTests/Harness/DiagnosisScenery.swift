import Foundation
import Planning
import Shared
import Testing

/// A simulated cluster in which something is wrong with most nodes, each in its own way.
struct DiagnosisScenery {
    static let host = "registry.example.com"
    static let good = ["\(host)/app1:1", "\(host)/app2:1"]
    static let unstartable = "\(host)/unstartable:1"
    /// As captured of a container whose command isn't in its image.
    static let startError =
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
        + "unable to start container process: exec: \"/image-puller/sleep\": executable file not found in $PATH: unknown"

    /// References that can't be pulled, with the reason and words of the message.
    static let failing: [(reference: String, reason: FailureReason, words: String)] = [
        ("\(host)/absent:1", .notFound, "\(host)/absent:1: not found"),
        ("private.example.com/app:1", .unauthorized, "401 Unauthorized"),
        ("\(host)/arm:1", .noMatchingPlatform, "no match for platform in manifest"),
        ("limited.example.com/app:1", .rateLimited, "429 Too Many Requests"),
        ("down.example.com/app:1", .registryUnavailable, "connect: connection refused"),
        ("erring.example.com/app:1", .registryUnavailable, "503 Service Unavailable"),
        ("nowhere.example.net/app:1", .network, "no such host"),
        ("untrusted.example.com/app:1", .tls, "x509: certificate signed by unknown authority"),
        ("slow.example.com/app:1", .timeout, "the pull's deadline of 5 s passed"),
        ("\(host)/big:1", .diskFull, "no space left on device"),
    ]

    static func adjust(_ scenario: inout JSONValue) {
        func node(_ name: String, _ members: JSONValue = [:]) -> JSONValue {
            var node = members
            node["name"] = .string(name)
            if node["labels"] == nil { node["labels"] = ["pool": "a"] }
            return node
        }
        let taint: JSONValue = ["key": "gpu", "value": "a100", "effect": "NoSchedule"]
        scenario["nodes"] = .array([
            node("a1"), node("b1"), node("c1"), node("cordoned"), node("down"), node("frozen"), node("leaving"),
            node("other", ["labels": ["pool": "b"]]), node("hdd", ["labels": ["pool": "a", "disk": "hdd"]]),
            node("tainted", ["taints": [taint]]), node("lowmem", ["memory": "100Mi"]), node("lowcpu", ["cpu": "100m"]),
            node("refused", ["invalidatesTokens": true]), node("denied", ["deniesSocket": true]),
            node("elsewhere", ["runtimeSocket": "/run/odd/containerd.sock"]),
            node("full", ["diskGigabytes": 10, "diskUsedGigabytes": .number(9.5)]),
            node("brimful"),
        ])
        func image(_ reference: String, _ members: JSONValue = [:]) -> JSONValue {
            var image = members
            image["reference"] = .string(reference)
            if image["megabytes"] == nil { image["megabytes"] = 2 }
            return image
        }
        func registry(_ host: String, _ members: JSONValue = [:]) -> JSONValue {
            var registry = members
            registry["host"] = .string(host)
            registry["latencyMilliseconds"] = 20
            registry["images"] = [image("\(host)/app:1")]
            return registry
        }
        scenario["registries"] = .array([
            [
                "host": .string(host), "latencyMilliseconds": 20,
                "images": .array(
                    good.map { image($0) } + [
                        image("\(host)/arm:1", ["architectures": ["arm64"]]), image("\(host)/big:1", ["megabytes": 60]),
                        image(unstartable, ["startError": .string(startError)]),
                    ]),
            ],
            registry("private.example.com", ["username": "u", "password": "p"]),
            registry("limited.example.com", ["maximumPulls": 0]), registry("down.example.com"),
            registry("erring.example.com"), registry("untrusted.example.com"),
            registry("slow.example.com", ["megabitsPerSecond": .number(0.1)]),
        ])
    }

    /// What a scenario can't begin with.
    static func begin(_ cluster: TestCluster) async throws {
        try await cluster.simulate("PUT", "registries/down.example.com", ["available": false])
        try await cluster.simulate("PUT", "registries/erring.example.com", ["available": false, "fault": "503"])
        try await cluster.simulate(
            "PUT", "registries/untrusted.example.com", ["available": false, "fault": "untrusted"])
        try await cluster.simulate("PUT", "nodes/cordoned", ["unschedulable": true])
    }

    /// The ConfigMap with these images, which selects pool a, but no slow disks.
    static func data(_ cluster: TestCluster, _ images: [String], _ others: [String: String]) -> [String: String] {
        let affinity = """
            {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
              {"matchExpressions": [{"key": "disk", "operator": "NotIn", "values": ["hdd"]}]}]}}}
            """
        let selection = [
            "NODE_SELECTOR": #"{"pool": "a"}"#, "AFFINITY": affinity, "RETRY_PERMANENT_SECONDS": "60",
            "RETRY_INITIAL_SECONDS": "1", "RETRY_MAX_SECONDS": "2",
        ]
        return cluster.data(images, selection.merging(others) { $1 })
    }
}
