import Shared
import Testing

@testable import NodeAgent

@Suite struct PullRunnerTests {
    private let runtime = FakeRuntime()
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func secret(_ name: String, _ password: String) throws {
        try directory.write(
            "\(name)/.dockerconfigjson", #"{"auths":{"quay.io":{"username":"u","password":"\#(password)"}}}"#)
    }

    private func run(
        _ reference: String = "quay.io/app:1", seconds: UInt32 = 60, withheld: [String] = []
    ) async -> PullRunner.Result {
        var pull = WirePull()
        pull.id = 1
        pull.reference = reference
        pull.timeoutSeconds = seconds
        pull.withheldCredentials = withheld
        return await PullRunner(
            source: runtime, secrets: PullSecrets(directory: directory.path), uptime: Uptime()
        ).run(pull)
    }

    private let unauthorized = GRPCStatus(code: GRPCStatus.unknown, message: "unexpected status: 401 Unauthorized")

    @Test func credentialsAreTriedInTurnAndThenNone() async throws {
        try secret("a", "first")
        try secret("b", "second")
        try directory.write("..data/.dockerconfigjson", "{}")
        runtime.change { [unauthorized] in $0.refusals = ["first": unauthorized, "second": unauthorized] }
        #expect(await run().outcome == .succeeded)
        #expect(runtime.change { $0.passwords } == ["first", "second", ""])
        runtime.change { $0.passwords = [] }
        #expect(await run("ghcr.io/app:1").outcome == .succeeded)
        #expect(runtime.change { $0.passwords } == [""])
    }

    @Test func aRefusedCredentialIsNamedAndNotShownWhereItIsWithheld() async throws {
        try secret("a", "first")
        try secret("b", "second")
        runtime.change { [unauthorized] in $0.refusals = ["first": unauthorized] }
        let result = await run()
        #expect(result.outcome == .succeeded && result.refusedCredentials == ["a quay.io"])
        runtime.change { $0.passwords = [] }
        #expect(await run(withheld: ["a quay.io"]).refusedCredentials.isEmpty)
        #expect(runtime.change { $0.passwords } == ["second"])
        // One that is right and may not have the image isn't refused.
        let forbidden = GRPCStatus(code: GRPCStatus.unknown, message: "insufficient_scope: authorization failed")
        runtime.change { $0.refusals = ["first": forbidden, "second": forbidden, "": forbidden] }
        let refused = await run()
        #expect(refused.outcome == .failed && refused.refusedCredentials.isEmpty)
    }

    @Test func anotherCallersDeadlineIsNoFailure() async throws {
        try secret("a", "first")
        runtime.change { $0.joinedPulls = 2 }
        #expect(await run().outcome == .succeeded)
        #expect(runtime.change { $0.passwords } == ["first", "first", "first"])
        // Without end it is one.
        runtime.change { $0.joinedPulls = 100 }
        #expect(await run().outcome == .failed)
        #expect(runtime.change { $0.joinedPulls } >= 90)
    }

    @Test func theFirstCredentialThatWorksIsTheLastTried() async throws {
        try secret("a", "first")
        try secret("b", "second")
        let result = await run()
        #expect(result == .init(outcome: .succeeded, image: "sha256:id of quay.io/app:1"))
        #expect(runtime.change { $0.passwords } == ["first"])
    }

    @Test func anotherCredentialDoesntMendABrokenRegistry() async throws {
        try secret("a", "first")
        runtime.change {
            $0.refusals = ["first": GRPCStatus(code: 2, message: "dial tcp 127.0.0.1:1: connect: connection refused")]
        }
        let result = await run()
        #expect(result.outcome == .failed)
        #expect(result.message.contains("connection refused"))
        #expect(runtime.change { $0.passwords } == ["first"])
    }

    @Test func absenceSaysMoreThanRefusalAndNoPasswordIsTold() async throws {
        try secret("a", "first-password")
        let absent = GRPCStatus(code: GRPCStatus.notFound, message: "quay.io/app:1: not found")
        runtime.change { [unauthorized] in $0.refusals = ["first-password": unauthorized, "": absent] }
        #expect(await run().message == "quay.io/app:1: not found")
        let quoting = GRPCStatus(code: 2, message: "401 for first-password at https://quay.io/v2/?token=x")
        runtime.change { [unauthorized] in $0.refusals = ["first-password": quoting, "": unauthorized] }
        #expect(await run().message == "401 for [redacted] at https://quay.io/v2/")
    }

    @Test func aDeadlineIsADeadline() async throws {
        runtime.change { $0.pullsHang = true }
        let result = await run(seconds: 1)
        #expect(result.outcome == .timedOut)
        #expect(result.message.contains("deadline of 1 s"))
    }

    @Test func aCancelledPullSaysSo() async throws {
        runtime.change { $0.pullsHang = true }
        let task = Task { await run() }
        while runtime.change({ $0.passwords.isEmpty }) { await Task.yield() }
        task.cancel()
        #expect(await task.value.outcome == .cancelled)
        #expect(runtime.change { $0.cancelledPulls } == 1)
    }

    @Test func theDigestFollowsTheFilesAndTellsNothing() throws {
        let salt = PullSecrets.randomSalt()
        let secrets = PullSecrets(directory: directory.path, salt: salt)
        #expect(secrets.digest() == "")
        try secret("a", "first")
        let first = secrets.digest()
        #expect(first == secrets.digest())
        try secret("a", "other")
        #expect(secrets.digest() != first)
        try secret("a", "first")
        #expect(secrets.digest() == first)
        #expect(PullSecrets(directory: directory.path).digest() != first, "another boot has another salt")
    }
}
