import Failures
import Testing

@Suite struct ExplanationTests {
    @Test(arguments: [
        ("failed to resolve reference \"r.example.com/a:1\": r.example.com/a:1: not found", FailureStage.resolve),
        (
            "failed to resolve reference \"r.example.com/a:1\": failed to authorize: failed to fetch oauth token: EOF",
            .authorise
        ),
        (
            "failed to copy: httpReadSeeker: failed open: unexpected status code https://r.example.com/v2/a/blobs/sha256:1: "
                + "503 Service Unavailable", .fetchBlob
        ),
        (
            "failed to copy: httpReadSeeker: failed open: content at https://r.example.com/v2/a/manifests/sha256:1 not found: "
                + "not found", .fetchManifest
        ),
        ("failed to extract layer sha256:1: operation not permitted: unknown", .unpack),
        ("failed to create containerd container: create snapshot: missing parent \"a\" bucket: not found", .create),
    ])
    func tellsTheStage(message: String, stage: FailureStage) {
        #expect(FailureExplanation(message: message).stage == stage)
    }

    /// The innermost cause decides, the stage says whose it is.
    @Test func theSameWordsMeanAnotherThingAtAnotherStage() {
        func reason(_ message: String) -> FailureReason { FailureExplanation(message: message).reason }
        #expect(reason("failed to resolve reference \"r.example.com/a:1\": r.example.com/a:1: not found") == .notFound)
        #expect(
            reason("failed to unpack image on snapshotter overlayfs: content digest sha256:1: not found")
                == .nodeStorage)
        #expect(reason("failed to copy: httpReadSeeker: failed open: x: not found") == .registryUnavailable)
        #expect(reason("failed to copy: read failed: unexpected EOF") == .registryUnavailable)
        #expect(reason("failed to extract layer sha256:1: unexpected EOF") == .corruptContent)
        #expect(reason("dial tcp: lookup r.example.com: device or resource busy") == .network)
        #expect(reason("failed to extract layer sha256:1: remove /var/lib/x: device or resource busy") == .nodeStorage)
        #expect(reason("dial unix /run/containerd/containerd.sock: connect: connection refused") == .runtimeUnavailable)
        #expect(
            reason(
                "Head \"https://r.example.com/v2/a/manifests/1\": dial tcp 192.0.2.1:443: connect: connection refused")
                == .registryUnavailable)
        #expect(
            reason(
                "Head \"https://r.example.com/v2/\": proxyconnect tcp: dial tcp 192.0.2.1:3128: connect: connection refused"
            )
                == .network)
    }

    @Test func dockerHubHidesWhatIsPrivate() {
        let words =
            "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: "
            + "authorization failed"
        let hub = FailureExplanation(message: "failed to resolve reference \"docker.io/team/app:1\": \(words)")
        #expect(hub.reason == .notFound)
        #expect(hub.blames == [.reference, .credentials])
        #expect(hub.isRefused)
        #expect(!FailureExplanation(message: "docker.io/team/app:1: not found").isRefused)
        let own = FailureExplanation(message: "failed to resolve reference \"r.example.com/team/app:1\": \(words)")
        #expect(own.reason == .unauthorized)
        #expect(own.blames.first == .credentials)
    }

    @Test(
        arguments: [
            (
                "failed to pull and unpack image \"docker.io/library/nginx:1\": failed to copy: httpReadSeeker: failed open: "
                    + "unexpected status code https://mirror.example.com/v2/library/nginx/blobs/sha256:1?ns=docker.io: 400 Bad Request",
                "mirror.example.com"
            ),
            (
                "failed to pull and unpack image \"docker.io/library/nginx:1\": failed to resolve reference "
                    + "\"docker.io/library/nginx:1\": pulling from host localhost:5000 failed with status code [manifests 1]: "
                    + "403 Forbidden", "localhost:5000"
            ),
            (
                "failed to resolve reference \"registry.example.com/a:1\": unexpected status from HEAD request to "
                    + "https://mirror.example.com/v2/a/manifests/1: 403 Forbidden", "mirror.example.com"
            ),
            (
                "failed to resolve reference \"registry.example.com:443/a:1\": failed to do request: Head "
                    + "\"https://registry.example.com/v2/a/manifests/1\": EOF", nil
            ),
            (
                "failed to resolve reference \"registry.example.com/a:1\": pulling from host registry.example.com failed with "
                    + "status code [manifests 1]: 403 Forbidden", nil
            ),
            (
                "failed to resolve reference \"registry.example.com/a:1\": failed to authorize: failed to fetch oauth token: "
                    + "unexpected status from GET request to https://auth.example.com/token?scope=x: 403 Forbidden", nil
            ),
            (
                "failed to resolve reference \"docker.io/library/nginx:1\": unexpected status from HEAD request to "
                    + "http://10.0.0.1:5000/v2/library/nginx/manifests/1?ns=docker.io: 403 Forbidden", "10.0.0.1:5000"
            ),
            (
                "failed to resolve reference \"docker.io/library/nginx:1\": pulling from host mirror.example.com failed with "
                    + "status code [manifests 1]: 403 Forbidden", "mirror.example.com"
            ),
            (
                "failed to resolve reference \"docker.io/library/nginx:1\": failed to do request: Head "
                    + "\"https://registry-1.docker.io/v2/library/nginx/manifests/1\": EOF", nil
            ),
            (
                "failed to copy: httpReadSeeker: failed open: x https://\u{1B}[31mred.example.com/v2/a/blobs/b?ns=docker.io: 400 Bad Request",
                nil
            ),
        ] as [(String, String?)])
    func namesTheMirror(message: String, host: String?) {
        let known = FailureExplanation(message: message)
        #expect(known.mirrorHost == host)
        if host != nil, known.reason.blames.contains(.node) { #expect(known.blames.first == .node) }
    }

    /// Harbor says the same of a repository that it doesn't have and of one whose source it couldn't ask.
    @Test func aCacheThatMissesARepositoryCouldNotGetIt() {
        func reason(_ repository: String) -> FailureReason {
            FailureExplanation(
                message: "initializing source docker://r.example.com/\(repository):1: reading manifest 1 in "
                    + "r.example.com/\(repository): unknown: repository \(repository) not found"
            ).reason
        }
        #expect(reason("hub/library/nginx") == .registryUnavailable)
        #expect(reason("hub/team/app") == .notFound)
        #expect(reason("library/nginx") == .notFound)
    }

    /// A firewall, a gateway or a country's law refuses by a page; a registry refuses credentials by JSON.
    @Test func aPageRefusesTheAddressNotTheCredentials() {
        let page = FailureExplanation(
            message: "error parsing HTTP 403 response body: invalid character '<' looking for beginning of value: "
                + "\"<html><title>403 Forbidden</title></html>\"")
        #expect(page.reason == .unauthorized)
        #expect(page.blames.first == .registry)
        let hub = FailureExplanation(
            message:
                "pull access denied for team/app, repository does not exist or may require 'docker login': denied: "
                + "<html><h1>403 Forbidden</h1>")
        #expect(hub.reason == .unauthorized)
        #expect(hub.blames.first == .registry)
        #expect(FailureExplanation(message: "error parsing HTTP 403 response body: \"\"").blames.first == .credentials)
        #expect(
            FailureExplanation(message: "download failed: unknown: <?xml version=\"1.0\"?>").reason
                == .registryUnavailable)
    }

    /// Files below /etc are configuration: to remove the image mends nothing.
    @Test func tellsTheNodesConfigurationFromItsStore() {
        func reason(_ message: String) -> FailureReason { FailureExplanation(message: message).reason }
        #expect(reason("open /etc/containers/policy.json: no such file or directory") == .runtimeUnavailable)
        #expect(reason("open /etc/docker/certs.d/r.example.com: permission denied") == .runtimeUnavailable)
        #expect(reason("open /var/lib/containerd/x: no such file or directory") == .nodeStorage)
    }

    /// A kubelet tries its credentials in turn, and none at last.
    @Test func whoWasLetInKnowsMore() {
        let listed = FailureExplanation(
            message:
                "[rpc error: code = NotFound desc = failed to pull and unpack image \"r.example.com/a:1\": no match for "
                + "platform in manifest: not found, rpc error: code = Unknown desc = failed to resolve reference "
                + "\"r.example.com/a:1\": failed to authorize: failed to fetch anonymous token: unexpected status: 401 "
                + "Unauthorized]")
        #expect(listed.reason == .noMatchingPlatform)
        #expect(listed.stage != .authorise)
        #expect(!listed.isRefused)
        // Of different times the newest counts.
        let later = FailureExplanation(
            message: "rpc error: code = NotFound desc = no match for platform in manifest: not found\n"
                + "rpc error: code = Unknown desc = unexpected status: 401 Unauthorized")
        #expect(later.reason == .unauthorized)
    }

    /// To remove an image mends no program that asks for credentials.
    @Test(arguments: [
        "error getting credentials - err: exec: \"docker-credential-desktop\": executable file not found in $PATH, out: ``",
        "error execing credential provider plugin x for image r.example.com/a: fork/exec /usr/libexec/x: no such file or directory",
        "failed to authorize: failed to fetch oauth token: open /run/secrets/x: permission denied",
    ])
    func aBrokenCredentialHelperIsNoDamagedStore(_ message: String) {
        let known = FailureExplanation(message: message)
        #expect(known.reason == .unauthorized)
        #expect(known.blames.first == .node)
    }

    @Test func socketsFailInWordsThatNobodyKnows() {
        let token = "failed to authorize: failed to fetch anonymous token: Get \"https://auth.example.com/token\": "
        #expect(FailureExplanation(message: token + "dial tcp: lookup auth.example.com: Try again").reason == .network)
        #expect(FailureExplanation(message: token + "read tcp 192.0.2.1:1->192.0.2.2:443: strange").reason == .network)
        #expect(FailureExplanation(message: "dial unix /run/x.sock: strange").reason == .runtimeUnavailable)
    }

    /// One image that its registry's policy forbids says nothing of the registry.
    @Test(arguments: [
        "unexpected status from HEAD request to https://r.example.com/v2/a/manifests/1: 412 Precondition Failed",
        "GET https://r.example.com/v2/a/manifests/1: PROJECTPOLICYVIOLATION: The image is not signed by cosign.",
    ])
    func aRegistrysPolicyIsNoOutage(_ message: String) {
        #expect(FailureExplanation(message: message).reason == .policyRejected)
    }

    @Test func readsWhenToComeAgain() {
        #expect(FailureExplanation(message: "429 Too Many Requests, Retry-After: 30").retryAfter == 30)
        #expect(FailureExplanation(message: "toomanyrequests: retry in 1.5m").retryAfter == 90)
        #expect(FailureExplanation(message: "retry after 250ms").retryAfter == 0.25)
        #expect(FailureExplanation(message: "retry after 1e999 s").retryAfter == 1)
        #expect(FailureExplanation(message: "retry after tea").retryAfter == nil)
    }

    @Test func aSignatureIsNoFormat() {
        let text = FailureExplanation(message: "%s%n%d Source image rejected: %@ \"%x\"")
        #expect(text.reason == .policyRejected)
        #expect(!text.nextStep.contains("%"))
    }

    /// What the agent says of its runtime, which names the socket's path.
    @Test(arguments: [
        "nothing answers at the runtime socket /run/containerd/containerd.sock: Connection refused",
        "there is no runtime socket at /run/crio/crio.sock: No such file or directory",
        "the runtime at /run/containerd/containerd.sock doesn't answer: connection reset by peer",
    ])
    func agentsWordsAreKnown(_ message: String) {
        #expect(FailureExplanation(message: message, grpcCode: 14).reason == .runtimeUnavailable)
    }
}
