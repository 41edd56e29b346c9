import Shared
import Testing

@Suite struct HTTPHeadersTests {
    @Test func namesIgnoreCase() {
        let headers: HTTPHeaders = ["Content-Type": "a", "X-One": "1", "x-one": "2"]
        #expect(headers["content-type"] == "a")
        #expect(headers["CONTENT-TYPE"] == "a")
        #expect(headers["content_type"] == nil)
        #expect(headers.values("X-ONE") == ["1", "2"])
        #expect(headers["X-One"] == "1")
        #expect(headers.values("absent") == [])
    }

    /// Only ASCII letters have two cases: "[" and "{" differ by the same bit.
    @Test func onlyLettersHaveCases() {
        #expect(HTTPHeaders([("x[", "1")])["x{"] == nil)
        #expect(HTTPHeaders([("X@", "1")])["x`"] == nil)
    }

    @Test func settingReplacesAllAndKeepsThePlace() {
        var headers: HTTPHeaders = ["A": "1", "B": "2", "a": "3"]
        headers["a"] = "4"
        #expect(headers == [("a", "4"), ("B", "2")].reduce(into: HTTPHeaders()) { $0.add($1.0, $1.1) })
        headers["C"] = "5"
        #expect(headers.map(\.name) == ["a", "B", "C"])
        headers["A"] = nil
        #expect(headers.map(\.name) == ["B", "C"])
        headers.add("b", "6")
        #expect(headers.values("B") == ["2", "6"])
    }

    @Test func equalityIgnoresTheCaseOfNamesOnly() {
        #expect(HTTPHeaders([("A", "x")]) == HTTPHeaders([("a", "x")]))
        #expect(HTTPHeaders([("A", "x")]) != HTTPHeaders([("A", "X")]))
        #expect(HTTPHeaders([("A", "x"), ("B", "y")]) != HTTPHeaders([("B", "y"), ("A", "x")]))
        #expect(HTTPHeaders() == [:])
    }

    @Test func descriptionsHideCredentials() {
        let headers: HTTPHeaders = [
            "authorization": "Bearer s3cret", "Proxy-Authorization": "Basic s3cret", "COOKIE": "s3cret",
            "Set-Cookie": "s3cret", "Accept": "text/plain",
        ]
        #expect(!"\(headers)".contains("s3cret"))
        #expect("\(headers)".contains("Accept: text/plain"))
    }
}
