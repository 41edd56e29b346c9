import FoundationEssentials
import Shared
import Testing

@testable import KubernetesClient
@testable import KubernetesFixtures
@testable import TestBasics

@Suite(.timeLimit(.minutes(3))) struct ExecCredentialTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    /// Settings whose plugin is a shell script in a folder beside the kubeconfig.
    private func settings(
        _ script: String, version: String = "v1", exec: String = "", server: String = "https://api"
    ) throws -> ClusterSettings {
        try folder.write("bin/plugin", "#!/bin/sh\n" + script, executable: true)
        let path = try folder.write(
            "config",
            """
            current-context: main
            contexts:
            - {name: main, context: {cluster: c, user: u}}
            clusters:
            - name: c
              cluster:
                server: \(server)
                extensions:
                - {name: client.authentication.k8s.io/exec, extension: {audience: me}}
            users:
            - name: u
              user:
                exec:
                  apiVersion: client.authentication.k8s.io/\(version)
                  command: bin/plugin
            \(exec.split(separator: "\n").map { "      " + $0 }.joined(separator: "\n"))
            """)
        return try Kubeconfig.load([path], mustExist: true).settings()
    }

    private func source(_ settings: ClusterSettings, now: @escaping @Sendable () -> Date = { Date() }) throws
        -> ExecCredentialSource
    {
        let environment = ["PATH": "/usr/bin:/bin", "INHERITED": "yes"]
        return ExecCredentialSource(
            try #require(settings.user.exec), environment: environment, now: now)
    }

    private static func output(_ status: String, version: String = "v1") -> String {
        #"echo '{"apiVersion":"client.authentication.k8s.io/\#(version)","kind":"ExecCredential","status":{\#(status)}}'"#
            + "\n"
    }

    @Test func argumentsEnvironmentAndClusterReachThePlugin() async throws {
        let settings = try settings(
            #"printf '%s\n' "$@" "$STAGE" "$INHERITED" "$KUBERNETES_EXEC_INFO" > "$OUT""# + "\n"
                + Self.output(#""token":"t-$1""#, version: "v1beta1"),
            version: "v1beta1",
            exec: """
                args: [get token, --now]
                env:
                - {name: STAGE, value: prod}
                - {name: OUT, value: \(folder.path)/seen}
                provideClusterInfo: true
                """)
        let credential = try await source(settings).credential()
        #expect(credential.token == "t-$1")
        #expect(!"\(credential)".contains("t-$1"))
        let seen = try String(contentsOf: URL(filePath: folder.path + "/seen"), encoding: .utf8).split(separator: "\n")
        #expect(seen.prefix(4) == ["get token", "--now", "prod", "yes"])
        let information = try JSONDecoder().decode(JSONValue.self, from: Data(seen[4].utf8))
        #expect(
            information == [
                "apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential",
                "spec": [
                    "interactive": false, "cluster": ["server": "https://api", "config": ["audience": "me"]],
                ],
            ])
    }

    @Test func credentialsAreKeptUntilTheyExpire() async throws {
        let count = folder.path + "/count"
        let settings = try settings(
            "echo x >> \(count)\n" + Self.output(#""token":"t","expirationTimestamp":"2026-11-22T21:00:00Z""#))
        let before = try #require(KubernetesTime("2026-11-22T20:59:58.5Z")).date
        let source = try source(settings, now: { before })
        for _ in 0..<3 { #expect(try await source.credential().token == "t") }
        func runs() throws -> Int {
            try String(contentsOf: URL(filePath: count), encoding: .utf8).split(separator: "\n").count
        }
        #expect(try runs() == 1)
        await source.discard()
        // Callers that come together share a run.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<5 { group.addTask { _ = try await source.credential() } }
            try await group.waitForAll()
        }
        #expect(try runs() == 2)
        let late = try self.source(settings, now: { before.addingTimeInterval(2) })
        _ = try await late.credential()
        _ = try await late.credential()
        #expect(try runs() == 4)
    }

    @Test func aRefusedCredentialIsFetchedAnew() async throws {
        let count = folder.path + "/count"
        try await ScriptedServer.run { asked, _ in
            asked.headers["authorization"] == "Bearer t2"
                ? .json(#"{"metadata":{"name":"n1"}}"#) : .json("", status: 401)
        } _: { [self] url, server in
            let settings = try settings(
                "echo x >> \(count)\nn=$(wc -l < \(count) | tr -d ' ')\n"
                    + #"echo "{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{\"token\":\"t$n\"}}""#,
                server: url)
            let access = ClusterAccess(settings, environment: ["PATH": "/usr/bin:/bin"])
            _ = try await KubernetesClient(access: access, logger: .quiet).get(Node.self, "n1")
            #expect(server.requests.map { $0.headers["authorization"] } == ["Bearer t1", "Bearer t2"])
        }
    }

    @Test(arguments: [
        ("echo access denied for jane >&2; exit 3", "it failed (exited(3)): access denied for jane. Install it from x"),
        ("echo bad eyJhbGciOiJSUzI1NiIsImtpZCI6Ijk5 token=abcdef0123456789abcdef01 >&2; exit 1", "(hidden)"),
        ("echo nonsense", "its output is no ExecCredential"),
        ("true", "its output is no ExecCredential"),
        (output(""), "neither a token nor a client certificate"),
        (output(#""token":"hunter2""#, version: "v1beta1"), "it answered in client.authentication.k8s.io/v1beta1"),
        (output(#""token":"hunter2","clientCertificateData":"c""#), "need each other"),
        (output(#""token":["hunter2"]"#), "status.token is no String"),
        (output(#""token":"hunter2","expirationTimestamp":"tomorrow""#), "status.expirationTimestamp is malformed"),
        ("kill -9 $$", "it failed (signaled(9))"),
    ])
    func failuresAreExplained(script: String, expected: String) async throws {
        let settings = try settings(script, exec: "installHint: Install it from x")
        let error = try await failure(AccessError.self) { _ = try await source(settings).credential() }
        let text = error.description
        #expect(text.contains("context \"main\", user \"u\": the exec plugin \"\(folder.path)/bin/plugin\""), "\(text)")
        #expect(text.contains(expected), "\(text)")
        #expect(text.contains("Install it from x"), "\(text)")
        for secret in ["hunter2", "eyJ", "abcdef01"] { #expect(!text.contains(secret), "\(text)") }
    }

    @Test func aMissingPluginShowsTheHint() async throws {
        let settings = try settings("true", exec: "installHint: |\n  brew install plugin")
        try FileManager.default.removeItem(atPath: folder.path + "/bin/plugin")
        let error = try await failure(AccessError.self) { _ = try await source(settings).credential() }
        #expect(error.description.hasSuffix("gave no credential: there is no such program. brew install plugin"))
    }

    @Test func aPluginThatHangsIsEnded() async throws {
        let settings = try settings("echo $$ > \(folder.path)/pid\nexec sleep 600")
        let source = ExecCredentialSource(
            try #require(settings.user.exec), environment: ["PATH": "/usr/bin:/bin"],
            timeout: .seconds(5))
        let error = try await failure(AccessError.self) { _ = try await source.credential() }
        #expect(error.description.contains("it didn't end within 5 s"))
        let pid = try String(contentsOf: URL(filePath: folder.path + "/pid"), encoding: .utf8).trimmed
        #expect(!FileManager.default.fileExists(atPath: "/proc/\(pid)/exe"))
    }

    @Test func certificatesComeFromPluginsToo() async throws {
        let settings = try settings(
            Self.output(#""clientCertificateData":"CERT","clientKeyData":"KEY""#))
        let credential = try await source(settings).credential()
        #expect(credential.clientCertificateData == "CERT")
        #expect(credential.clientKeyData == "KEY")
        #expect(credential.token == nil)
    }
}
