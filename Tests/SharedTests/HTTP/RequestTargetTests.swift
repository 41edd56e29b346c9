@testable import Shared
import Testing

@Suite struct RequestTargetTests {
    @Test func theServerNameTakesTheHostsPlace() throws {
        let plain = try RequestTarget("https://10.0.0.1:6443/api?x=1")
        #expect(plain.url == "https://10.0.0.1:6443/api?x=1")
        #expect(plain.connectTo == nil && plain.hostHeader == nil)
        #expect(plain.origin == "https://10.0.0.1:6443")
        #expect(plain.display == "https://10.0.0.1:6443/api")

        let named = try RequestTarget("https://10.0.0.1:6443/api?x=1", serverName: "kubernetes.default")
        #expect(named.url == "https://kubernetes.default:6443/api?x=1")
        #expect(named.connectTo == "kubernetes.default:6443:10.0.0.1:6443")
        #expect(named.hostHeader == "10.0.0.1:6443")

        let six = try RequestTarget("https://[fd00::1]/", serverName: "kubernetes.default")
        #expect(six.connectTo == "kubernetes.default:443:[fd00::1]:443")
        #expect(six.hostHeader == "[fd00::1]")

        #expect(try RequestTarget("http://host/", serverName: "other").url == "http://host/")
    }

    @Test func originsNameThePort() throws {
        #expect(try RequestTarget("http://host/a").origin == RequestTarget("HTTP://host:80/b").origin)
        #expect(try RequestTarget("http://host").origin != RequestTarget("https://host").origin)
    }

    @Test(arguments: [
        ("http://host/a?b#c", "http://host/a"), ("http://u:p@host/a", "http://host/a"), ("u:p@host", "host"),
        ("http://u:p/q@host/a", "http://host/a"), ("http://host", "http://host"), ("", ""), ("?x", ""),
    ])
    func redaction(text: String, expected: String) { #expect(RequestTarget.redacted(text) == expected) }

    /// Whatever a text looks like, what follows a "?" and what precedes an "@" is gone.
    @Test func redactionOfAnything() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let pieces = ["http", "://", ":", "/", "@", "?", "#", "host", "é", " ", "."]
        for _ in 0..<1000 {
            let before = (0..<Int.random(in: 0...6, using: &random)).compactMap { _ in
                pieces.randomElement(using: &random)
            }
            let secret = Bool.random(using: &random) ? "http://SECRET@" : "?SECRET"
            let text = before.joined() + secret + (pieces.randomElement(using: &random) ?? "")
            #expect(!RequestTarget.redacted(text).contains("SECRET"), "seed \(seed): \(text)")
        }
    }
}
