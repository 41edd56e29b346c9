import Testing

@testable import Access
@testable import HTTPListener

@Suite("Rules of access") struct AccessRuleTests {
    @Test(
        "Paths are decoded once, and those that lead elsewhere are refused",
        arguments: [
            ("/", "/"), ("/metrics", "/metrics"), ("/api/v1/coverage", "/api/v1/coverage"), ("/api/v1/", "/api/v1/"),
            ("/%61pi/v1/coverage", "/api/v1/coverage"), ("/api/v1/images/caf%C3%A9", "/api/v1/images/café"),
            ("/api/../metrics", nil), ("/api/%2e%2e/metrics", nil), ("/api/.", nil), ("/api//v1", nil), ("//api", nil),
            ("/api%2Fv1", nil), ("/api/%252e", nil), ("/api\\v1", nil), ("/api%5cv1", nil), ("/a%00", nil),
            ("/a%0", nil),
            ("/a%zz", nil), ("/a%FF", nil), ("api", nil), ("", nil),
        ] as [(String, String?)])
    func paths(path: String, decoded: String?) { #expect(CanonicalPath.decode(path) == decoded) }

    @Test("A bucket gives its burst, and then its rate")
    func bucket() {
        var buckets = TokenBuckets(rate: 2, burst: 5)
        for _ in 0..<5 { #expect(buckets.take("a", at: 10) == true) }
        #expect(buckets.take("a", at: 10) == false && !buckets.allows("a", at: 10.4))
        #expect(buckets.take("b", at: 10) == true)
        #expect(buckets.take("a", at: 10.5) == true)
        #expect(buckets.take("a", at: 10.6) == false)
        for _ in 0..<5 { #expect(buckets.take("a", at: 1_000) == true) }
        #expect(buckets.take("a", at: 1_000) == false, "never more than the burst")
        // A clock never goes back; if it did, nothing would be won or lost.
        #expect(buckets.take("a", at: 0) == false)
    }

    @Test("Clients that are remembered are bounded; those that are over their rate are remembered longest")
    func bucketCapacity() {
        var buckets = TokenBuckets(rate: 1, burst: 2, capacity: 100)
        for number in 0..<10_000 { _ = buckets.take("c\(number)", at: Double(number) / 1_000) }
        for _ in 0..<3 { _ = buckets.take("busy", at: 10) }
        #expect(!buckets.allows("busy", at: 10))
    }

    @Test("What is remembered of reviews is bounded; what ends soonest goes first")
    func cache() {
        var cache = ReviewCache<Int, String>(capacity: 100)
        cache.store("good", for: -1, freshUntil: 300, validUntil: 600, at: 0)
        for number in 0..<10_000 { cache.store("bad", for: number, freshUntil: 10, validUntil: 10, at: 0) }
        #expect(cache.count <= 100)
        #expect(cache.valid(-1, at: 599)?.answer == "good")
        #expect(cache.valid(-1, at: 600) == nil)
    }
}
