import FoundationEssentials
import KubernetesClient
import Logging
import Shared

/// Takes part in the election by a Lease: carries out what ``LeaderElection`` wants, one request at a time.
package actor LeaderElector {
    private let client: KubernetesClient
    private let name: String
    private let namespace: String
    private let board: LeadershipBoard
    private let logger: Logger
    private let start = ContinuousClock.now
    private var election: LeaderElection
    /// The Lease as it was read or written last.
    private var lease: Lease?
    private var trouble: String?
    /// When it was said last that the Lease can't be reached; nil while it can.
    private var saidAt: ContinuousClock.Instant?
    private var knownLeader: String?

    /// - Parameters:
    ///   - identity: a name that no other process has, or ever had.
    ///   - pod: the pod whose former containers' Leases may be taken at once.
    package init(
        client: KubernetesClient, name: String, namespace: String, identity: String, pod: String? = nil,
        board: LeadershipBoard, logger: Logger, settings: LeaderElection.Settings = .init()
    ) {
        var client = client
        // The election itself says what is tried again, and when.
        client.retry.maximumAttempts = 1
        client.permit = nil
        self.client = client
        self.name = name
        self.namespace = namespace
        self.board = board
        self.logger = logger
        election = LeaderElection(identity: identity, pod: pod, settings: settings)
    }

    /// A pod's name, or a host's, with something random: a container that starts again is another candidate.
    package static func identity(environment: [String: String]) -> String {
        let host = pod(environment: environment) ?? ProcessInfo.processInfo.hostName
        return host + "_" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
    }

    /// Names of a Deployment's pods are never used again; a host's name may be that of several containers.
    package static func pod(environment: [String: String]) -> String? {
        environment["POD_NAME"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Follows, then leads, until its task is cancelled.
    ///
    /// - Throws: ``LeadershipLost``
    package func run() async throws {
        while !Task.isCancelled {
            let now = self.now
            let step = election.next(now: now)
            await publish()
            switch step {
            case .wait(let moment): try? await Task.sleep(for: moment - now)
            case .end:
                guard case .lost(let loss) = election.standing else { return }
                throw LeadershipLost(loss: loss, lease: "\(namespace)/\(name)", trouble: trouble)
            case .read, .create, .replace:
                let answer = await answer(to: step, timeout: timeout(at: now))
                election.received(answer, sentAt: now, now: self.now, random: .random(in: 0...1))
                await publish()
            }
        }
    }

    /// Stops acting, and gives the Lease up, so that another candidate needn't wait. To be called after ``run()``.
    package func release() async {
        guard election.release(now: now) else { return }
        board.post(until: nil, leader: nil)
        for _ in 0..<3 {
            // The last renewal may have been cut off: what is there has to be looked at.
            guard case .read(var record, let version) = await answer(to: .read, timeout: .seconds(1)) else { continue }
            guard record.holder == election.identity else { return }
            record.holder = ""
            let answer = await answer(to: .replace(record, version: version), timeout: .seconds(1))
            if case .written = answer { return logger.notice("the Lease is released") }
        }
        logger.warning(
            "the Lease could not be released; it runs out by itself", metadata: ["error": "\(trouble ?? "")"])
    }

    private var now: Duration { start.duration(to: .now) }

    /// A request that lasts longer than the leadership is of no use.
    private func timeout(at now: Duration) -> Duration {
        guard case .leading(let until) = election.standing else { return election.settings.requestTimeout }
        return max(.milliseconds(100), min(election.settings.requestTimeout, until - now))
    }

    private func publish() async {
        let until = election.actsUntil(at: now).map { start + $0 }
        board.post(until: until, leader: election.leader)
        if until != nil { await board.leading.fulfil(()) }
        guard election.leader != knownLeader else { return }
        knownLeader = election.leader
        logger.notice(
            until == nil ? "another coordinator leads, or none" : "this coordinator leads",
            metadata: ["lease": "\(namespace)/\(name)", "leader": "\(knownLeader ?? "none")"])
    }

    // MARK: Requests

    private func answer(to step: LeaderElection.Step, timeout: Duration) async -> LeaderElection.Answer {
        var client = client
        client.objectTimeout = timeout
        do {
            let answer = try await self.answer(to: step, by: client)
            if saidAt != nil { logger.notice("the Lease can be reached again") }
            saidAt = nil
            return answer
        } catch let error as KubernetesError where error.isNotFound {
            lease = nil
            return .absent
        } catch let error as KubernetesError where error.isConflict || error.isAlreadyExists {
            return .conflict
        } catch is CancellationError {
            return .failed
        } catch {
            trouble = "\(error)"
            // It is tried every second or two: not each time is worth a line.
            if saidAt.map({ .now - $0 > .seconds(60) }) ?? true {
                saidAt = .now
                logger.warning("the Lease can't be reached, it is tried again", metadata: ["error": "\(error)"])
            }
            return .failed
        }
    }

    private func answer(
        to step: LeaderElection.Step, by client: KubernetesClient
    ) async throws -> LeaderElection.Answer {
        switch step {
        case .create(let record):
            let lease = Lease(name: name, namespace: namespace).holding(record, version: nil, now: Date())
            return written(try await client.create(lease.document, .leases, namespace: namespace))
        case .replace(let record, let version):
            let lease = (lease ?? Lease(name: name, namespace: namespace))
                .holding(record, version: version, now: Date())
            return written(
                try await client.replace(lease.document, .leases, name: name, namespace: namespace))
        case .read, .wait, .end:
            let document = try await client.document(.leases, name, namespace: namespace)
            let lease = Lease(document: document)
            self.lease = lease
            return .read(lease.record, version: lease.version)
        }
    }

    private func written(_ document: JSONValue) -> LeaderElection.Answer {
        let lease = Lease(document: document)
        self.lease = lease
        return .written(version: lease.version)
    }
}
