import Shared

/// Carries out one pull: with each credential that fits the registry, then without any.
struct PullRunner: Sendable {
    let source: any RuntimeSource
    /// Nil when no secrets are mounted.
    let secrets: PullSecrets?
    let uptime: Uptime

    /// What came of a pull.
    struct Result: Sendable, Equatable {
        var outcome: WireOutcome
        /// On success: what the runtime calls the image.
        var image = ""
        var message = ""
        var code = 0
        /// The credentials that the registry refused, by name.
        var refusedCredentials: [String] = []
        /// What came of the removal that was to be made first; nil: none was.
        var removal: ImageRemoval?
    }

    /// For an assignment that names none.
    static let defaultTimeout = Duration.seconds(1800)
    /// The runtime keeps the deadline by its own clock, and may be a little early.
    private static let slack = Duration.milliseconds(200)
    /// A big image's files are deleted before the runtime answers.
    private static let removalTimeout = Duration.seconds(120)
    private static let cancelled = Result(outcome: .cancelled, message: "cancelled", code: GRPCStatus.cancelled)

    func run(_ pull: WirePull) async -> Result {
        let timeout = pull.timeoutSeconds == 0 ? Self.defaultTimeout : .seconds(Int64(pull.timeoutSeconds))
        let deadline = uptime.now + timeout
        var removal: ImageRemoval?
        if pull.removeFirst {
            do {
                removal = try await ImageRemoval.run(
                    pull.reference, on: try await source.current(), timeout: min(timeout, Self.removalTimeout))
            } catch let failure as RuntimeFailure {
                return Result(outcome: .failed, message: failure.description, code: GRPCStatus.unavailable)
            } catch {
                return Self.cancelled
            }
        }
        var refused: [String] = []
        var result = await run(pull, timeout: timeout, deadline: deadline, refused: &refused)
        result.removal = removal
        result.refusedCredentials = refused
        return result
    }

    /// - Parameter refused: takes the names of the credentials that the registry refuses.
    private func run(
        _ pull: WirePull, timeout: Duration, deadline: Duration, refused: inout [String]
    ) async -> Result {
        let all = secrets?.credentials(for: pull.reference) ?? []
        let credentials = all.filter { !pull.withheldCredentials.contains($0.name) }
        var failure: Result?
        var left = credentials.map(Optional.some) + [nil]
        var joined = 0
        while let credential = left.first {
            let rest = deadline - uptime.now
            guard rest > Self.slack else { return timedOut(timeout, after: failure) }
            var socket = ""
            do {
                let runtime = try await source.current()
                socket = runtime.socket
                let image = try await runtime.pull(pull.reference, auth: credential?.config, timeout: rest)
                return Result(outcome: .succeeded, image: image)
            } catch {
                if Task.isCancelled || error is CancellationError {
                    return Self.cancelled
                }
                let next = Self.failed(error, socket: socket, hiding: all)
                if let credential, Self.isFailedLogin(next), refused.count < ReportLimits.credentials {
                    refused.append(credential.name)
                }
                if uptime.now >= deadline - Self.slack { return timedOut(timeout, after: next) }
                if joined < Self.mostJoined, Self.isAnothers(next) {
                    joined += 1
                    continue
                }
                left.removeFirst()
                // An image that is there for nobody says more than a refusal of one of several credentials.
                if failure == nil || next.code == GRPCStatus.notFound { failure = next }
                guard Self.anotherCredentialMayHelp(next) else { break }
            }
        }
        return failure ?? Result(outcome: .failed, message: "not tried", code: GRPCStatus.unknown)
    }

    /// With CRI-O a pull of an image that somebody else is pulling joins that one, and ends with its deadline or
    /// cancellation, whatever its own is (measured): the next one starts anew, or joins a younger one.
    private static let mostJoined = 3

    /// Neither our deadline nor our cancellation. To be asked when those are out of the question.
    private static func isAnothers(_ failure: Result) -> Bool {
        failure.code == GRPCStatus.deadlineExceeded || failure.code == GRPCStatus.cancelled
    }

    private func timedOut(_ timeout: Duration, after failure: Result?) -> Result {
        var message = "the pull's deadline of \(timeout.components.seconds) s passed"
        if let failure { message += "; the last error was: \(failure.message)" }
        return Result(
            outcome: .timedOut, message: Redaction.shorten(message), code: failure?.code ?? GRPCStatus.deadlineExceeded)
    }

    private static func failed(
        _ error: any Error, socket: String, hiding credentials: [RegistryCredential]
    ) -> Result {
        let secrets = credentials.flatMap(\.secrets)
        switch error {
        case let status as GRPCStatus where status.code == GRPCStatus.unavailable:
            // The call broke off: it's the runtime that has gone, not the registry.
            let failure = RuntimeFailure(status, socket: socket)
            return Result(outcome: .failed, message: failure.description, code: status.code)
        case let status as GRPCStatus:
            let message = Redaction.clean(status.message, hiding: secrets)
            return Result(outcome: .failed, message: message, code: status.code)
        case let failure as RuntimeFailure:
            return Result(outcome: .failed, message: failure.description, code: GRPCStatus.unavailable)
        default:
            let message = Redaction.clean("\(error)", hiding: secrets)
            return Result(outcome: .failed, message: message, code: GRPCStatus.unknown)
        }
    }

    /// Whether the credential itself was refused, which too often locks an account; one that is right and may not have this
    /// image isn't.
    private static func isFailedLogin(_ failure: Result) -> Bool {
        let message = failure.message.lowercased()
        return [
            "unauthorized", "authentication required", "invalid username", "incorrect username", "bad credentials",
            "invalid credentials", "login failed",
        ].contains { message.contains($0) }
    }

    /// Registries refuse in many words, and hide private repositories as absent ones.
    private static func anotherCredentialMayHelp(_ failure: Result) -> Bool {
        if failure.code == GRPCStatus.notFound { return true }
        guard failure.code != GRPCStatus.unavailable else { return false }
        let message = failure.message.lowercased()
        return [
            "401", "403", "unauthorized", "unauthenticated", "authoriz", "authenticat", "denied", "forbidden",
            "credential", "not found", "404", "insufficient_scope", "no basic auth",
        ].contains { message.contains($0) }
    }
}
