import Foundation
import Logging
import RealRuntime
import Shared

@testable import Certificates
@testable import ConfigurationParsing
@testable import KubernetesClient
@testable import Reporting

/// A cluster for a test, with everything that the product needs of it: the simulator's, or the one of `KUBECONFIG`.
final class TestCluster {
    let folder: URL
    let kubeconfig: String
    let client: KubernetesClient
    let namespace: String
    /// Our own image.
    let agentImage: String
    /// Images that its registry has.
    let images: [String]
    /// One that it doesn't have.
    let absentImage: String
    /// The simulator's address; nil on a real cluster.
    let api: String?
    private var simulator: RunningProgram?
    private var coordinator: RunningProgram?
    private(set) var server = ""
    /// By what the coordinator reaches the cluster; nil: as the test does.
    private var coordinatorKubeconfig: String?
    /// Whether the coordinator has exactly the permissions that are shipped, and nothing may be refused to it.
    private var hasShippedPermissions = false
    /// Whether a test is about something that is refused.
    var expectsRefusals = false
    /// More options of the coordinator.
    var coordinatorOptions: [String] = []

    static let configMapName = "k8s-image-puller"
    static let daemonSetName = "kubernetes-image-puller"
    /// In the simulated registry: an agent's image, whose agents crash.
    static let crashingImage = "crashing:1"

    private init(
        folder: URL, kubeconfig: String, namespace: String, agentImage: String, images: [String], absentImage: String,
        api: String?, simulator: RunningProgram?
    ) throws {
        self.folder = folder
        self.kubeconfig = kubeconfig
        self.namespace = namespace
        self.agentImage = agentImage
        self.images = images
        self.absentImage = absentImage
        self.api = api
        self.simulator = simulator
        agentPort = try LoopbackPort.find()
        var logger = Logger(label: "e2e") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .critical
        client = KubernetesClient(access: try ClusterAccess.load(kubeconfig: kubeconfig), logger: logger)
    }

    /// Runs a test on a simulated cluster of three nodes with small images, and takes everything down after it.
    ///
    /// - Parameters:
    ///   - granting: what becomes of each object of the permissions that are shipped.
    ///   - adjust: changes the scenario before it begins.
    static func simulated(
        nodes: Int = 3, objects: [JSONValue] = [], tokenSeconds: Double? = nil, neverSeconds: Double = 0.5,
        kubeletCredential: JSONValue? = nil,
        granting: (JSONValue) -> JSONValue = { $0 }, adjust: (inout JSONValue) -> Void = { _ in },
        _ body: (TestCluster) async throws -> Void
    ) async throws {
        let folder = try temporaryFolder()
        let host = "registry.example.com"
        let images = (1...4).map { "\(host)/app\($0):1" }
        let offered = images + ["\(host)/\(crashingImage)"]
        var scenario: JSONValue = [
            "nodes": .array(
                (1...nodes).map { number in
                    var node: JSONValue = [
                        "name": .string("n\(number)"), "zone": .string(number % 2 == 0 ? "b" : "a"),
                    ]
                    // As in clusters that grew.
                    node["flavour"] = .string(["containerd-1.6", "containerd-2.3", "cri-o-1.36"][(number - 1) % 3])
                    if let kubeletCredential { node["kubeletCredentials"] = [host: kubeletCredential] }
                    return node
                }),
            "registries": [
                [
                    "host": .string(host), "latencyMilliseconds": 20,
                    "images": .array(offered.map { ["reference": .string($0), "megabytes": 2] }),
                ]
            ],
            "objects": .array(objects), "neverSeconds": .number(neverSeconds),
            "crashing": .array([.string("\(host)/\(crashingImage)")]),
        ]
        if let tokenSeconds { scenario["tokenSeconds"] = .number(tokenSeconds) }
        adjust(&scenario)
        let file = folder.appendingPathComponent("scenario.json")
        try JSONEncoder().encode(scenario).write(to: file)
        let kubeconfig = folder.appendingPathComponent("kubeconfig").path
        let simulator = try RunningProgram(
            .simulator,
            [
                "serve", "--scenario", file.path, "--directory", folder.appendingPathComponent("cluster").path,
                "--kubeconfig", kubeconfig, "--agent", Program.agent.url.path, "--exit-with-parent",
                "--kip-image", "\(host)/image-puller:1",
            ], folder: folder)
        do {
            try await eventually("the simulator is ready") { simulator.text.contains("\n") }
            let api = simulator.text.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("api=") }?.dropFirst(4)
            let cluster = try TestCluster(
                folder: folder, kubeconfig: kubeconfig, namespace: "k8s-image-puller",
                agentImage: "\(host)/image-puller:1", images: images, absentImage: "\(host)/absent:1",
                api: api.map(String.init), simulator: simulator)
            // Tokens that last for seconds are the agents' affair: a kubeconfig's stays as it is.
            if tokenSeconds == nil { try await cluster.usePermissions(Self.shippedPermissions().map(granting)) }
            try await run(cluster, body)
        } catch {
            simulator.kill()
            try? FileManager.default.removeItem(at: folder)
            throw error
        }
    }

    /// Runs a test on the cluster of `KUBECONFIG`, in a namespace of its own, with DaemonSets that stand there before.
    ///
    /// `E2E_IMAGE` is our own image, `E2E_CACHED_IMAGES` a comma-separated list of small images that the cluster can
    /// pull, `E2E_AGENT_HOST` this machine's address as its pods reach it.
    static func real(
        objects: [JSONValue] = [], _ body: (TestCluster) async throws -> Void
    ) async throws {
        let environment = ProcessInfo.processInfo.environment
        let folder = try temporaryFolder()
        let cached = environment["E2E_CACHED_IMAGES"] ?? "registry.k8s.io/pause:3.9,registry.k8s.io/pause:3.10"
        let images = cached.split(separator: ",").map(String.init)
        let repository = try ImageReference(images[0]).name
        let cluster = try TestCluster(
            folder: folder, kubeconfig: environment["KUBECONFIG"] ?? "",
            namespace: "image-puller-e2e-\(UInt32.random(in: 0..<UInt32.max))",
            agentImage: environment["E2E_IMAGE"] ?? "", images: images, absentImage: "\(repository):absent-e2e",
            api: nil, simulator: nil)
        let namespaces = ResourceType(
            group: "", version: "v1", plural: "namespaces", kind: "Namespace", isNamespaced: false)
        try await cluster.client.create(
            [
                "apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(cluster.namespace)],
            ] as JSONValue, namespaces)
        do {
            for var object in objects {
                object["metadata"]?["namespace"] = .string(cluster.namespace)
                try await cluster.client.create(object, .daemonSets, namespace: cluster.namespace)
            }
            try await run(cluster, body)
        } catch {
            try? await cluster.client.delete(namespaces, name: cluster.namespace)
            throw error
        }
        try await cluster.client.delete(namespaces, name: cluster.namespace)
    }

    private static func run(_ cluster: TestCluster, _ body: (TestCluster) async throws -> Void) async throws {
        var failure: (any Error)?
        do {
            try await body(cluster)
            try await cluster.checkRefusals()
        } catch {
            failure = error
            print("--- coordinator's log\n\(cluster.coordinator?.log.suffix(6000) ?? "")")
            print("--- simulator's log\n\(cluster.simulator?.log.suffix(3000) ?? "")")
        }
        cluster.coordinator?.kill()
        if let simulator = cluster.simulator {
            do {
                _ = try await simulator.stop()
            } catch {
                simulator.kill()
                failure = failure ?? error
            }
        }
        try? FileManager.default.removeItem(at: cluster.folder)
        if let failure { throw failure }
    }

    private static func temporaryFolder() throws -> URL {
        // Short: unix sockets lie in it, whose paths have at most 107 bytes.
        let folder = URL(fileURLWithPath: "/tmp/ip-e2e-\(UInt32.random(in: 0..<UInt32.max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    // MARK: The coordinator

    private func usePermissions(_ objects: [JSONValue]) async throws {
        try await create(objects)
        coordinatorKubeconfig = try await kubeconfig(ofServiceAccount: "k8s-image-puller")
        hasShippedPermissions = true
    }

    private func checkRefusals() async throws {
        guard hasShippedPermissions, !expectsRefusals else { return }
        let refused = try await requests().denied.filter { $0.contains(Self.account) }
        guard refused.isEmpty else {
            throw NeverHappened(description: "more than is shipped was asked for: \(refused)")
        }
    }

    /// The coordinator's own, as the API server names it.
    static let account = "system:serviceaccount:k8s-image-puller:k8s-image-puller"

    /// Starts it, and waits until it listens.
    @discardableResult
    func startCoordinator(_ options: [String] = []) async throws -> RunningProgram {
        let host = ProcessInfo.processInfo.environment["E2E_AGENT_HOST"] ?? "127.0.0.1"
        var arguments = [
            "serve", "--kubeconfig", coordinatorKubeconfig ?? kubeconfig, "--namespace", namespace, "--port", "0",
            "--history", folder.appendingPathComponent("history.sqlite").path, "--agent-image", agentImage,
        ]
        arguments += coordinatorOptions
        if api == nil {
            arguments += ["--agent-port", "\(agentPort)", "--agent-url", "https://\(host):\(agentPort)"]
        } else {
            arguments += ["--agent-host", "127.0.0.1", "--agent-port", "\(agentPort)"]
        }
        let program = try RunningProgram(.coordinator, arguments + options, folder: folder)
        coordinator = program
        try await eventually("the coordinator listens") {
            guard let line = program.log.split(separator: "\n").first(where: { $0.contains("listener=local") }),
                let address = line.split(separator: " ").first(where: { $0.hasPrefix("address=") })
            else { return false }
            self.server = "http://" + address.dropFirst("address=".count)
            return true
        }
        return program
    }

    func killCoordinator() { coordinator?.kill() }

    @discardableResult
    func stopCoordinator() async throws -> Int32? { try await coordinator?.stop() }

    /// The same at each start, so that agents find a coordinator that was started again.
    let agentPort: Int
    var localPort: Int { server.split(separator: ":").last.flatMap { Int($0) } ?? 0 }

    // MARK: The open listener

    var openServer: String { "https://127.0.0.1:\(agentPort)" }

    /// What agents trust.
    func bundle() async throws -> String {
        let name = CertificateKeeper.configMapName(service: "kubernetes-image-puller")
        return try await client.get(ConfigMap.self, name, namespace: namespace).data?["ca.crt"] ?? ""
    }

    func openClient() async throws -> HTTPClient {
        HTTPClient(configuration: .init(tls: TLSOptions(caPEM: try await bundle())))
    }

    /// A token of a service account, as `kubectl create token` gives it.
    func token(account: String, audience: String? = nil, pod: String? = nil) async throws -> String {
        var spec: JSONValue = [:]
        if let audience { spec["audiences"] = [.string(audience)] }
        if let pod { spec["boundObjectRef"] = ["apiVersion": "v1", "kind": "Pod", "name": .string(pod)] }
        let path = ResourceType.serviceAccounts.path(namespace: namespace, name: account, subresource: "token")
        let document: JSONValue = [
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec,
        ]
        let request = KubernetesClient.Request(
            method: "POST", path: path, contentType: "application/json",
            body: Array(try JSONEncoder().encode(document)),
            operation: "request a token")
        let answer: JSONValue = try client.decode(try await client.send(request), "request a token")
        return answer["status"]?["token"]?.stringValue ?? ""
    }

    /// Files with these contents; their paths by name.
    func files(_ contents: [String: String]) async throws -> [String: String] {
        try contents.reduce(into: [:]) { paths, entry in
            let file = folder.appendingPathComponent(entry.key)
            try Data(entry.value.utf8).write(to: file)
            paths[entry.key] = file.path
        }
    }

    func query<Answer: Decodable>(_ path: String) async throws -> Answer {
        let response = try await HTTPClient().send(HTTPRequest("GET", server + path))
        guard response.status == 200 else {
            let text = String(decoding: response.body, as: UTF8.self)
            throw NeverHappened(description: "\(path): \(response.status) \(text)")
        }
        return try JSONDecoder().decode(Answer.self, from: Data(response.body))
    }

    func coverage(by grouping: String = "image") async throws -> CoverageReport {
        try await query("/api/v1/coverage?by=\(grouping)")
    }

    func configuration() async throws -> ConfigurationStatus { try await query("/api/v1/configuration") }

    // MARK: The ConfigMap

    /// Writes the ConfigMap's data, keeping nothing of what was there.
    func configure(_ data: [String: String], annotations: [String: String] = [:]) async throws {
        let existing = try await client.find(ConfigMap.self, Self.configMapName, namespace: namespace)
        var values = data.mapValues { JSONValue.string($0) }
        for key in existing?.data?.keys ?? [:].keys where data[key] == nil { values[key] = .null }
        let document: JSONValue = [
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": [
                "name": .string(Self.configMapName), "namespace": .string(namespace),
                "annotations": .object(annotations.mapValues { .string($0) }),
            ],
            "data": .object(values),
        ]
        if existing == nil {
            try await client.create(document, .configMaps, namespace: namespace)
        } else {
            try await client.mergePatch(document, .configMaps, name: Self.configMapName, namespace: namespace)
        }
    }

    /// The data of a ConfigMap with these images, which reports every second.
    func data(_ images: [String], _ others: [String: String] = [:]) -> [String: String] {
        let list = images.enumerated().map { "image-\($0.offset + 1)=\($0.element)" }.joined(separator: ";")
        let own = ["IMAGES": list, "NAMESPACE": namespace, "REPORT_INTERVAL_SECONDS": "1"]
        return own.merging(others) { $1 }
    }

    func daemonSet(_ name: String = daemonSetName) async throws -> DaemonSet? {
        try await client.find(DaemonSet.self, name, namespace: namespace)
    }

    func pods() async throws -> [Pod] {
        try await client.list(Pod.self, Selection(namespace: namespace)).items
    }

    /// Waits until every image is present and held on every node.
    func untilHeld(images count: Int, within seconds: Double? = nil) async throws {
        // Real kubelets look at a container that waits for its image every few seconds only.
        try await eventually("\(count) images are held everywhere", within: seconds ?? (api == nil ? 300 : 60)) {
            let report = try await self.coverage()
            return report.images == count && report.total.cells > 0 && report.total.held == report.total.cells
        }
    }

    // MARK: The simulated world

    func simulate(_ method: String, _ path: String, _ body: JSONValue? = nil) async throws {
        var request = HTTPRequest(method, (api ?? "") + "/simulator/v1/" + path)
        if let body { request.body = Array(try JSONEncoder().encode(body)) }
        let response = try await HTTPClient().send(request)
        guard (200..<300).contains(response.status) else {
            throw NeverHappened(
                description: "\(method) \(path): \(response.status) \(String(decoding: response.body, as: UTF8.self))")
        }
    }

    func world() async throws -> JSONValue {
        let response = try await HTTPClient().send(HTTPRequest("GET", (api ?? "") + "/simulator/v1/state"))
        return try JSONDecoder().decode(JSONValue.self, from: Data(response.body))
    }

    /// Pulls that reached the registries so far.
    func registryRequests() async throws -> Int64 {
        try await world()["registries"]?.arrayValue?.compactMap { $0["requests"]?.integerValue }.reduce(0, +) ?? 0
    }
}
