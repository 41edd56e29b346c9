import FoundationEssentials
import KubernetesClient
import Logging
import Manifests
import Shared

/// Keeps the coordinator's certificates: in its Secret, in the agents' bundle, and on the listener.
///
/// Every write of the Secret names the version that it was made from, so that of two coordinators only one rotates
/// and the other follows.
package actor CertificateKeeper {
    let client: KubernetesClient
    /// Of the Secret; that of the coordinator.
    let namespace: String
    let service: String
    package nonisolated let identity: ServingIdentity
    let logger: Logger
    private let names: Set<String>
    private let policy: CertificatePolicy
    private let maker: any CertificateMaking
    private let now: @Sendable () -> Date
    private let warn: @Sendable (_ reason: String, _ message: String) -> Void

    private(set) var state = CertificateState()
    /// The Secret's resource version; nil when there is none.
    private var version: String?
    /// Where agents read the bundle.
    private var places: Set<String>
    /// Whether somebody has said where the agents are.
    private var isPlaced = false
    private var isKnown = false
    private var lastTrouble: String?

    /// The Secret may be edited and the ConfigMap deleted by hand: how often somebody looks, in seconds.
    static let attention: Double = 60
    /// After something failed.
    static let pause: Double = 5

    var secretName: String { "\(service)-tls" }
    package nonisolated static func configMapName(service: String) -> String { "\(service)-ca" }

    package init(
        client: KubernetesClient, namespace: String, service: String, names: Set<String>,
        identity: ServingIdentity, policy: CertificatePolicy = CertificatePolicy(),
        maker: any CertificateMaking = CertificateMaker(), now: @escaping @Sendable () -> Date = { Date() },
        logger: Logger, warn: @escaping @Sendable (_ reason: String, _ message: String) -> Void
    ) {
        self.client = client
        self.namespace = namespace
        self.service = service
        self.names = names
        self.identity = identity
        self.policy = policy
        self.maker = maker
        self.now = now
        self.logger = logger
        self.warn = warn
        // Prometheus and people may look here, wherever the agents are.
        places = [namespace]
    }

    /// Works until cancelled.
    package func run() async {
        while !Task.isCancelled {
            let pause = await lookAfter()
            try? await Task.sleep(for: .milliseconds(Int64(max(0.05, pause) * 1000)))
        }
    }

    /// Brings everything up to date.
    ///
    /// - Returns: how many seconds nothing is to be done.
    func lookAfter() async -> Double {
        do {
            try await load()
            let until = try await proceed()
            try await publish()
            lastTrouble = nil
            return min(Self.attention, until.timeIntervalSince(now()))
        } catch let error as KubernetesError where error.isConflict || error.isAlreadyExists {
            // Somebody else was faster: what they wrote is read at once.
            return 0.2
        } catch {
            guard !Task.isCancelled else { return 0 }
            let trouble = "\(error)"
            if trouble != lastTrouble {
                warn("CertificatesNotKept", "the certificates can't be kept up to date, it is tried again: \(trouble)")
            }
            lastTrouble = trouble
            return Self.pause
        }
    }

    /// Agents of a DaemonSet in this namespace will read the bundle there.
    package func publish(in place: String) async throws {
        places.insert(place)
        isPlaced = true
        // At the start the Secret is being read, or made.
        let deadline = ContinuousClock.now + .seconds(15)
        while state.serving == nil {
            guard ContinuousClock.now < deadline else { throw NotReady() }
            try await Task.sleep(for: .milliseconds(20))
        }
        try await publish(in: place, state.bundle)
    }

    /// There are no agents in this namespace any more.
    package func withdraw(from place: String) async throws {
        guard place != namespace else { return }
        places.remove(place)
        try await client.delete(.configMaps, name: Self.configMapName(service: service), namespace: place)
    }

    struct NotReady: Error, CustomStringConvertible {
        var description: String { "the coordinator's certificates aren't read yet" }
    }

    // MARK: The Secret

    private func load() async throws {
        let secret = try await client.find(Secret.self, secretName, namespace: namespace)
        guard secret?.metadata.resourceVersion != version || !isKnown || secret == nil else { return }
        version = secret?.metadata.resourceVersion
        guard let secret else {
            // One that was deleted comes back as it was: agents know what it says.
            guard isKnown, state.authority != nil else {
                isKnown = true
                return
            }
            logger.notice(
                "restoring the Secret of the certificates", metadata: ["secret": "\(namespace)/\(secretName)"])
            return try await save(state)
        }
        let reading = CertificateSecret.read(secret.data ?? [:])
        for problem in reading.problems {
            warn("CertificateSecretDamaged", "Secret \(namespace)/\(secretName): \(problem); it is replaced")
        }
        if !reading.problems.isEmpty, isKnown, state.authority != nil { return try await save(state) }
        state = reading.state
        isKnown = true
        try serve()
    }

    private func save(_ state: CertificateState) async throws {
        var document: JSONValue = ["data": try CertificateSecret.data(state)]
        let saved: JSONValue
        if let version {
            document["metadata"] = ["resourceVersion": .string(version)]
            saved = try await client.mergePatch(document, .secrets, name: secretName, namespace: namespace)
        } else {
            if case .object(let values)? = document["data"] {
                document["data"] = .object(values.filter { $0.value != .null })
            }
            document["apiVersion"] = "v1"
            document["kind"] = "Secret"
            document["type"] = "Opaque"
            document["metadata"] = [
                "name": .string(secretName), "namespace": .string(namespace),
                "labels": [PodNames.managedByLabel: .string(PodNames.application)],
            ]
            saved = try await client.create(document, .secrets, namespace: namespace)
        }
        version = saved["metadata"]?["resourceVersion"]?.stringValue
        self.state = state
        try serve()
    }

    private func serve() throws {
        guard let serving = state.serving, serving.isValid(at: now()) else { return }
        try identity.use(serving)
    }

    // MARK: The policy

    private func proceed() async throws -> Date {
        // Bounded, in case a clock and a policy disagree.
        for _ in 0..<8 {
            let action = policy.next(state, names: names, now: now())
            var changed = state
            switch action {
            case .wait(let until): return until
            case .publish:
                // After a start it isn't known yet where the agents are.
                guard isPlaced else { return now() + Self.pause }
                try await publish()
                // In whole seconds, as it is kept.
                changed.nextPublished = Date(timeIntervalSince1970: now().timeIntervalSince1970.rounded(.down))
            default: try changed.carryOut(action, policy, maker: maker, names: names, now: now())
            }
            try await save(changed)
            logger.notice(
                "certificates changed",
                metadata: [
                    "action": "\(action)", "serving": "\(state.serving.map { "\($0)" } ?? "none")",
                    "authority": "\(state.authority.map { "\($0)" } ?? "none")",
                ])
        }
        return now() + Self.pause
    }

    // MARK: The bundle

    private func publish() async throws {
        for place in places.sorted() { try await publish(in: place, state.bundle) }
    }

    private func publish(in place: String, _ bundle: String) async throws {
        let name = Self.configMapName(service: service)
        let live = try await client.find(ConfigMap.self, name, namespace: place)
        if live?.data == ["ca.crt": bundle] { return }
        let document: JSONValue = [
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": [
                "name": .string(name), "namespace": .string(place),
                "labels": [PodNames.managedByLabel: .string(PodNames.application)],
            ],
            "data": ["ca.crt": .string(bundle)],
        ]
        try await client.apply(document, .configMaps, name: name, namespace: place)
    }
}
