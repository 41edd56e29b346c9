import Testing

@testable import NodeAgent

@Suite struct RedactionTests {
    @Test(arguments: [
        (
            #"failed to do request: Get "https://cdn.example.com/blob?X-Amz-Signature=abc&e=1": dial tcp: timeout"#,
            #"failed to do request: Get "https://cdn.example.com/blob": dial tcp: timeout"#
        ),
        ("see https://user:secret@r.io/v2/?a=b: refused", "see https://r.io/v2/: refused"),
        ("two http://a/b?c http://d/e?f end", "two http://a/b http://d/e end"),
        ("Authorization: Bearer abcdefghijkl refused", "Authorization: Bearer [redacted] refused"),
        (
            #"challenge Bearer realm="https://auth.io/token",service="r""#,
            #"challenge Bearer realm="https://auth.io/token",service="r""#
        ),
        ("is it there? yes", "is it there? yes"), ("", ""),
    ])
    func secretsAreTakenOut(text: String, clean: String) { #expect(Redaction.clean(text) == clean) }

    @Test func ownCredentialsAreTakenOut() {
        #expect(
            Redaction.clean("login hunter22 with hunter2", hiding: ["hunter2", "hunter22"])
                == "login [redacted] with [redacted]")
        #expect(Redaction.clean("a b c", hiding: ["a"]) == "a b c")
    }

    @Test func longMessagesKeepTheirEnds() {
        let text = "start " + String(repeating: "ü", count: 10_000) + " end"
        let short = Redaction.clean(text)
        #expect(short.utf8.count <= Redaction.longest)
        #expect(short.hasPrefix("start ") && short.hasSuffix(" end"))
    }
}
