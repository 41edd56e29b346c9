import Failures
import Retries
import Shared
import Testing

@Suite struct FailureClassifierTests {
    /// Messages as containerd, CRI-O and kubelets write them.
    @Test(arguments: [
        (
            "failed to pull and unpack image \"127.0.0.1:5000/nosuch:1\": failed to resolve reference "
                + "\"127.0.0.1:5000/nosuch:1\": 127.0.0.1:5000/nosuch:1: not found", 5, FailureReason.notFound
        ),
        (
            "failed to pull and unpack image \"127.0.0.1:5999/x:1\": failed to resolve reference \"127.0.0.1:5999/x:1\": "
                + "failed to do request: Head \"http://127.0.0.1:5999/v2/x/manifests/1\": dial tcp 127.0.0.1:5999: "
                + "connect: connection refused", 2, .registryUnavailable
        ),
        (
            "failed to parse image reference \"Bad_NAME:1\": invalid reference format: repository name must be "
                + "lowercase", 2, .invalidReference
        ),
        (
            "failed to pull and unpack image \"r.example/a:1\": failed to resolve reference \"r.example/a:1\": "
                + "pulling from host r.example failed with status code [manifests 1]: 401 Unauthorized", 2,
            .unauthorized
        ),
        (
            "failed to pull and unpack image \"docker.io/library/a:1\": failed to copy: httpReadSeeker: failed open: "
                + "unexpected status code https://registry-1.docker.io/v2/library/a/manifests/sha256:1: "
                + "429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.",
            2, .rateLimited
        ),
        (
            "failed to pull and unpack image \"r.example/not-found:1\": failed to do request: Head "
                + "\"https://r.example/v2/not-found/manifests/1\": dial tcp: lookup r.example on 10.0.0.1:53: "
                + "no such host", 2, .network
        ),
        (
            "failed to do request: Head \"https://127.0.0.1:5000/v2/a/manifests/1\": http: server gave HTTP response "
                + "to HTTPS client", 2, .tls
        ),
        (
            "failed to do request: Head \"https://r.example/v2/\": x509: certificate signed by unknown authority", 2,
            .tls
        ),
        (
            "failed to extract layer sha256:1: write /var/lib/containerd/x: no space left on device: unknown", 2,
            .diskFull
        ),
        (
            "failed to pull and unpack image \"r.example/a:1\": no match for platform in manifest: not found", 5,
            .noMatchingPlatform
        ),
        ("context deadline exceeded", 4, .timeout),
        ("", 4, .timeout),
        ("", 14, .runtimeUnavailable),
        ("something new", 2, .unknown),
    ])
    func knowsTheMessage(message: String, code: Int, reason: FailureReason) {
        #expect(FailureClassifier.reason(message: message, grpcCode: code) == reason)
    }

    /// Digests and repositories hold any digits and words; they must not be read as the cause.
    @Test func ignoresWhatReferencesHold() {
        let reference = "r.example/unauthorized-x509/toomanyrequests:429"
        let message = "failed to resolve reference \"\(reference)\": connection refused"
        #expect(FailureClassifier.reason(message: message, grpcCode: 2) == .registryUnavailable)
    }

    @Test func takesTheOutcomeFirst() {
        var attempt = WireAttempt()
        attempt.message = "not found"
        attempt.outcome = .succeeded
        #expect(FailureClassifier.reason(of: attempt) == nil)
        attempt.outcome = .cancelled
        #expect(FailureClassifier.reason(of: attempt) == .cancelled)
        attempt.outcome = .timedOut
        #expect(FailureClassifier.reason(of: attempt) == .timeout)
        attempt.outcome = .failed
        #expect(FailureClassifier.reason(of: attempt) == .notFound)
    }
}
