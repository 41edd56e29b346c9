import Cluster
import ConfigurationParsing
import History
import KubernetesClient
import Logging
import Reporting
import Shared

/// Writes what became of `KubernetesImagePuller` objects into their status, when that is something else than it says.
actor PullerStatusKeeper {
    private let client: KubernetesClient
    private let clock: CoordinatorClock
    private let logger: Logger
    private let facts: @Sendable () async -> [PullerStatus.Facts]
    private let fields: @Sendable () async -> Set<String>?

    /// By uid of the object.
    private var written: [String: Written] = [:]
    /// The fields with which the API server has refused a status that has others than conditions.
    private var refusedFields: Set<String>??
    private let looks: AsyncStream<Void>
    private let look: AsyncStream<Void>.Continuation
    private let startedAt = ContinuousClock.now

    private struct Written {
        var status: JSONValue
        /// What the API server made of it; nil: it refused it.
        var answer: JSONValue?
        var at: ContinuousClock.Instant
        var isRefused = false
    }

    /// An object's status is written at most so often.
    static let pace = Duration.seconds(5)
    /// What somebody else wrote over it is put right not more often.
    private static let repairs = Duration.seconds(30)
    /// Until agents have been heard again that a former coordinator heard.
    private static let silence = Duration.seconds(60)

    /// - Parameters:
    ///   - facts: about all objects that there are.
    ///   - fields: of status that can be written; nil: any.
    init(
        client: KubernetesClient, clock: CoordinatorClock, logger: Logger,
        facts: @escaping @Sendable () async -> [PullerStatus.Facts],
        fields: @escaping @Sendable () async -> Set<String>?
    ) {
        var client = client
        // An error of the server can mean that it never takes the document.
        client.retry.maximumAttempts = 1
        self.client = client
        self.clock = clock
        self.logger = logger
        self.facts = facts
        self.fields = fields
        (looks, look) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Something is different.
    nonisolated func lookAgain() { look.yield() }

    /// Works until cancelled.
    func run() async {
        await withTaskGroup { group in
            group.addTask { [look] in
                while !Task.isCancelled {
                    try? await Task.sleep(for: Self.pace)
                    look.yield()
                }
            }
            for await _ in looks {
                await round()
                // What comes together is told together.
                try? await Task.sleep(for: .milliseconds(500))
                guard !Task.isCancelled else { break }
            }
            group.cancelAll()
        }
    }

    private func round() async {
        let all = await facts()
        let declared = await fields()
        let isReduced = refusedFields.map { $0 == declared } ?? false
        let usable = isReduced ? declared?.intersection(["conditions"]) ?? ["conditions"] : declared
        let uids = Set(all.map(\.uid))
        written = written.filter { uids.contains($0.key) }
        for facts in all {
            guard !Task.isCancelled else { return }
            await write(facts, usable, declared: declared)
        }
    }

    private func write(_ facts: PullerStatus.Facts, _ usable: Set<String>?, declared: Set<String>?) async {
        let known = written[facts.uid]
        let now = ContinuousClock.now
        if let known, known.at.duration(to: now) < Self.pace { return }
        let live = facts.object.status
        if isTooEarly(facts, at: now) { return }
        guard
            let status = PullerStatus(facts).document(
                fields: usable, former: known?.answer ?? live, now: clock.now),
            status != [:]
        else { return }
        if let known, known.status == status {
            guard !known.isRefused else { return }
            // The watch may be behind; and what the API server itself changes it would change again.
            if live == known.answer || known.at.duration(to: now) < Self.repairs { return }
        }
        guard !Self.says(live, status) else { return }
        await send(status, to: facts.object, declared: declared)
    }

    /// After a start nodes are unknown until their agents are heard: that is no news of the object.
    private func isTooEarly(_ facts: PullerStatus.Facts, at now: ContinuousClock.Instant) -> Bool {
        guard startedAt.duration(to: now) < Self.silence, written[facts.uid] == nil,
            facts.object.status?["conditions"] != nil
        else { return false }
        return (facts.progress?.ready.total.unknown ?? 1) > 0 && facts.obstacle == nil
            && facts.configuration?.isAccepted != false
    }

    /// Whether a status says all that another one does.
    private static func says(_ live: JSONValue?, _ status: JSONValue) -> Bool {
        (status.objectValue ?? [:]).allSatisfy { name, value in
            guard name == "conditions" else { return live?[name] == value }
            let conditions = live?[name]?.arrayValue ?? []
            return (value.arrayValue ?? []).allSatisfy(conditions.contains)
        }
    }

    private func send(_ status: JSONValue, to object: KubernetesImagePuller, declared: Set<String>?) async {
        let (name, namespace) = (object.metadata.name, object.metadata.namespace ?? "")
        let uid = object.metadata.uid ?? ""
        let type = ResourceType.imagePullers
        let document: JSONValue = [
            "apiVersion": .string(type.apiVersion), "kind": .string(type.kind),
            "metadata": ["name": .string(name), "namespace": .string(namespace), "uid": .string(uid)],
            "status": status,
        ]
        do {
            let answer = try await client.apply(
                document, type, name: name, namespace: namespace, subresource: "status")
            written[uid] = Written(status: status, answer: answer["status"] ?? [:], at: .now)
        } catch let error as KubernetesError where error.isNotFound || error.isConflict {
            // It has gone, or another one has come in its place.
            written[uid] = Written(status: status, at: .now)
        } catch {
            let isForGood = (error as? KubernetesError)?.isOfSchema ?? false
            logger.warning(
                isForGood
                    ? "the installed definition doesn't take the status: it gets conditions alone"
                    : "can't write the status of a KubernetesImagePuller object; it is tried again",
                metadata: ["object": "\(namespace)/\(name)", "error": "\(error)"])
            if isForGood { refusedFields = .some(declared) }
            written[uid] = Written(status: status, at: .now, isRefused: isForGood)
        }
    }
}

extension PullerStatus.Facts {
    fileprivate var uid: String { object.metadata.uid ?? "" }
}

extension KubernetesError {
    /// An apply of a field that the schema doesn't declare: 500, and no other answer will come (Kubernetes 1.36).
    fileprivate var isOfSchema: Bool {
        status == 422 || (status == 500 && (message.contains("declared in schema") || message.contains("typed patch")))
    }
}
