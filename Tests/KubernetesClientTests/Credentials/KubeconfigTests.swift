import FoundationEssentials
import Shared
import Testing

@testable import KubernetesClient
@testable import TestBasics

@Suite struct KubeconfigTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func settings(_ text: String, context: String? = nil) throws -> ClusterSettings {
        try Kubeconfig.load([folder.write("config", text)], mustExist: true).settings(context: context)
    }

    /// A file with one context, whose cluster and user have these lines.
    private static func config(cluster: String = "", user: String = "{}") -> String {
        """
        apiVersion: v1
        kind: Config
        current-context: main
        contexts:
        - {name: main, context: {cluster: c, user: u, namespace: team}}
        clusters:
        - name: c
          cluster:
            server: https://api.example.com:6443/
        \(cluster.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n"))
        users:
        - name: u
          user: \(user)
        """
    }

    @Test func theUsualForm() throws {
        let settings = try settings(
            Self.config(
                cluster: "certificate-authority-data: Q0EK\ntls-server-name: kube\nproxy-url: socks5://p:1080",
                user: "{client-certificate-data: Q0VSVA==, client-key-data: S0VZ, token: hunter2}"))
        #expect(settings.server == "https://api.example.com:6443")
        #expect(settings.namespace == "team")
        #expect(settings.serverName == "kube")
        #expect(settings.verifiesPeer)
        #expect(settings.certificateAuthority == .inline("CA\n"))
        #expect(settings.user.clientCertificate == .inline("CERT"))
        #expect(settings.user.clientKey == .inline("KEY"))
        #expect(settings.user.token == .inline("hunter2"))
        guard case .url("socks5://p:1080") = settings.proxy else {
            Issue.record("the proxy is \(settings.proxy)")
            return
        }
        #expect(!"\(settings.user)".contains("hunter2"))
    }

    @Test func pathsAreRelativeToTheFile() throws {
        let settings = try settings(
            Self.config(
                cluster: "certificate-authority: pki/ca.crt",
                user: "{client-certificate: /abs/tls.crt, client-key: tls.key, tokenFile: token, token: stale}"))
        #expect(settings.certificateAuthority == .file(folder.path + "/pki/ca.crt"))
        #expect(settings.user.clientCertificate == .file("/abs/tls.crt"))
        #expect(settings.user.clientKey == .file(folder.path + "/tls.key"))
        #expect(settings.user.token == .file(folder.path + "/token"))
    }

    @Test func jsonIsYAMLToo() throws {
        let settings = try settings(
            #"{"current-context":"a","contexts":[{"name":"a","context":{"cluster":"c","user":""}}],"#
                + #""clusters":[{"name":"c","cluster":{"server":"http://127.0.0.1:8001"}}],"users":null}"#)
        #expect(settings.server == "http://127.0.0.1:8001")
        #expect(settings.user.token == nil)
    }

    @Test func contextsAreChosenAndPasswordsAndImpersonationRead() throws {
        let text =
            Self.config() + """

                - name: other
                  user: {username: jane, password: hunter2, as: boss, as-uid: "7", as-groups: [a, b]}
                """
        let two = text.replacing(
            "clusters:", with: "- {name: second, context: {cluster: c, user: other}}\nclusters:")
        let settings = try settings(two, context: "second")
        #expect(settings.user.basic == .init(username: "jane", password: "hunter2"))
        #expect(
            settings.user.impersonation.map(\.name) == [
                "Impersonate-User", "Impersonate-Uid", "Impersonate-Group", "Impersonate-Group",
            ])
        #expect(!"\(settings.user)".contains("hunter2"))
    }

    @Test func ofEachNameTheFirstFileCounts() throws {
        let first = try folder.write(
            "one/config",
            """
            contexts:
            - {name: a, context: {cluster: c, user: u}}
            clusters:
            - {name: c, cluster: {server: "https://first", certificate-authority: ca}}
            """)
        let second = try folder.write(
            "two/config",
            """
            current-context: a
            clusters:
            - {name: c, cluster: {server: "https://second"}}
            users:
            - {name: u, user: {tokenFile: token}}
            """)
        let empty = try folder.write("empty", "\n")
        let access = try ClusterAccess.load(
            environment: ["KUBECONFIG": "\(folder.path)/missing::\(empty):\(first):\(second)"])
        #expect(access.settings.server == "https://first")
        #expect(access.settings.certificateAuthority == .file(folder.path + "/one/ca"))
        #expect(access.settings.user.token == .file(folder.path + "/two/token"))
        #expect(access.settings.place == "kubeconfig \"\(first)\", context \"a\"")
    }

    @Test(arguments: [
        (
            config(cluster: "insecure-skip-tls-verify: true\ncertificate-authority: ca"),
            "context \"main\", cluster \"c\": insecure-skip-tls-verify and a certificate-authority exclude each other"
        ),
        (config(cluster: "certificate-authority-data: '!!'"), "cluster \"c\": certificate-authority-data is no Base64"),
        (
            config(cluster: "proxy-url: ftp://user:hunter2@x"),
            "proxy-url must begin with http://, https:// or socks5://"
        ),
        (config(user: "{client-key: k}"), "user \"u\": client-certificate and client-key need each other"),
        (config(user: "{token: hunter2, username: jane}"), "it has both a token and a username"),
        (config(user: "{auth-provider: {name: gcp}}"), "auth-provider was removed from Kubernetes in 1.26"),
        (config(user: "{exec: {command: c}}"), "exec.apiVersion \"\" isn't supported"),
        (
            config(user: "{exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: c}}"),
            "use client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1"
        ),
        (config(user: "{exec: {apiVersion: client.authentication.k8s.io/v1}}"), "exec.command is missing"),
        (
            config(user: "{exec: {apiVersion: client.authentication.k8s.io/v1, command: c, interactiveMode: Always}}"),
            "wants a terminal"
        ),
        (
            config().replacing("current-context: main", with: ""),
            "no current-context is set: say --context, one of \"main\""
        ),
        (
            config().replacing("current-context: main", with: "current-context: x"),
            "there is no context \"x\": say --context, one of \"main\""
        ),
        (
            config().replacing("cluster: c,", with: "cluster: z,"),
            "its cluster \"z\" isn't defined: the files have \"c\""
        ),
        (config().replacing("user: u,", with: "user: z,"), "its user \"z\" isn't defined: the files have \"u\""),
        (config().replacing("https://api.example.com:6443/", with: "ftp://x"), "must be an http:// or https:// URL"),
        (config().replacing("server:", with: "sever:"), "cluster \"c\": it has no server"),
        (config(user: "{token: [hunter2]}"), "users.[0].user.token is no "),
        ("users:\n- name: u\n  user:\n    token: \"hunter2\n  x: [", "no YAML: "),
        ("hunter2: {\n", "no YAML: "),
    ])
    func whatIsWrongIsSaidWithFileAndContext(text: String, expected: String) throws {
        let error = #expect(throws: AccessError.self) { try settings(text) }
        let description = error?.description ?? ""
        #expect(description.hasPrefix("kubeconfig \"\(folder.path)/config\""), "\(description)")
        #expect(description.contains(expected), "\(description)")
        #expect(!description.contains("hunter2"), "\(description)")
    }

    @Test func missingFiles() throws {
        let named = #expect(throws: AccessError.self) { try ClusterAccess.load(kubeconfig: "/none/config") }
        #expect(named?.description == "kubeconfig \"/none/config\": the file doesn't exist")
        let listed = #expect(throws: AccessError.self) {
            try ClusterAccess.load(environment: ["KUBECONFIG": "/none/a:/none/b"])
        }
        #expect(listed?.description == "KUBECONFIG: none of its files exists: \"/none/a\", \"/none/b\"")
        let nothing = #expect(throws: AccessError.self) { try ClusterAccess.load(environment: ["HOME": "/none"]) }
        #expect(nothing?.description.contains("say --kubeconfig FILE") == true)
    }
}
