import NIOHTTP1
import Testing

@testable import HTTPListener

@Suite("Limits of a connection") struct LimitTests {
    private let limits = ServerLimits.open

    @Test("Strangers and all connections are bounded, by address and in all; nothing is counted twice")
    func connections() {
        var limits = ServerLimits()
        (limits.connections, limits.connectionsPerAddress) = (10, 6)
        (limits.strangers, limits.strangersPerAddress) = (5, 3)
        var counts = ConnectionCounts(limits)
        let first = ["a", "a", "a", "a", "b", "b", "c"].map { counts.admit($0) }
        #expect(first == [true, true, true, false, true, true, false], "three of one address, five in all")
        for _ in 0..<3 { counts.establish("a") }
        let second = (0..<4).map { _ in counts.admit("a") }
        #expect(second == [true, true, true, false], "six of one address")
        #expect(counts.all == 8 && counts.strangers == 5)
        for _ in 0..<3 { counts.close("a", isEstablished: true) }
        for _ in 0..<3 { counts.close("a", isEstablished: false) }
        for _ in 0..<2 { counts.close("b", isEstablished: false) }
        #expect(counts.all == 0 && counts.strangers == 0 && counts.addresses == 0)
    }

    @Test("Fewer open files, fewer connections")
    func openFiles() {
        #expect(limits.within(openFiles: 1 << 20) == limits)
        let few = limits.within(openFiles: 1024)
        #expect(few.connections == 512 && few.strangers == 256 && few.strangersPerAddress == 256)
        #expect(OpenFiles.raise() >= 1024)
    }

    @Test("Who sends no request is dropped; between requests there's more time")
    func idle() {
        var progress = RequestProgress(limits, at: 0)
        #expect(progress.deadline == limits.headTime)
        #expect(progress.timeOut(at: 10) == .close)
        progress = RequestProgress(limits, at: 0)
        #expect(progress.head(length: nil, fault: nil, at: 1) == .goOn)
        #expect(progress.deadline == 1 + limits.bodyTime)
        progress.requestEnded(at: 2)
        #expect(progress.deadline == nil, "it's our turn")
        progress.answerBegan()
        progress.answerEnded(at: 60)
        #expect(progress.deadline == 60 + limits.headTime, "nobody has said who he is")
        progress.established()
        #expect(progress.deadline == 60 + limits.idleTime)
        #expect(progress.timeOut(at: 200) == .close)
    }

    @Test("A body that doesn't end is told so, unless an answer is on its way")
    func slowBody() {
        var progress = RequestProgress(limits, at: 0)
        _ = progress.head(length: 100, fault: nil, at: 0)
        #expect(progress.body(50, at: 29) == .goOn)
        #expect(progress.deadline == 30, "in all, not for each part")
        #expect(progress.timeOut(at: 30) == .refuse(.tooSlow(30)))
        #expect(progress.deadline == 32)
        #expect(progress.timeOut(at: 32) == .close)

        progress = RequestProgress(limits, at: 0)
        _ = progress.head(length: 100, fault: nil, at: 0)
        progress.answerBegan()
        #expect(progress.timeOut(at: 30) == .close)
    }

    @Test("Too large is too large, declared or not; pipelined requests are bounded")
    func sizes() {
        var progress = RequestProgress(limits, at: 0)
        let fault = RequestFault.bodyTooLarge(limits.bodyBytes)
        #expect(progress.head(length: limits.bodyBytes + 1, fault: nil, at: 0) == .refuse(fault))
        progress = RequestProgress(limits, at: 0)
        _ = progress.head(length: nil, fault: nil, at: 0)
        #expect(progress.body(limits.bodyBytes, at: 0) == .goOn)
        #expect(progress.body(1, at: 0) == .refuse(fault))
        progress = RequestProgress(limits, at: 0)
        for number in 1...limits.pipelined {
            #expect(progress.head(length: nil, fault: nil, at: 0) == .goOn, "\(number)")
            progress.requestEnded(at: 0)
        }
        #expect(progress.head(length: nil, fault: nil, at: 0) == .close, "an earlier answer comes first")
    }

    @Test(
        "Heads that could be read in two ways",
        arguments: [
            ([("host", "h")], true), ([], false), ([("host", "h"), ("host", "i")], false),
            ([("host", "h"), ("content-length", "5")], true), ([("host", "h"), ("content-length", "+5")], false),
            ([("host", "h"), ("content-length", "5"), ("content-length", "5")], false),
            ([("host", "h"), ("content-length", "5, 5")], false), ([("host", "h"), ("content-length", "")], false),
            ([("host", "h"), ("transfer-encoding", "chunked")], true),
            ([("host", "h"), ("transfer-encoding", "Chunked")], true),
            ([("host", "h"), ("transfer-encoding", "gzip, chunked")], false),
            ([("host", "h"), ("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")], false),
            ([("host", "h"), ("transfer-encoding", "chunked"), ("content-length", "5")], false),
            ([("host", "h"), ("x", "a\r\n b")], false), ([("host", "h"), ("x", "a\u{0}")], false),
            ([("host", "h"), ("x", "a\tb")], true),
        ] as [([(String, String)], Bool)])
    func heads(headers: [(String, String)], isGood: Bool) {
        let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/x", headers: HTTPHeaders(headers))
        #expect((HeadRules.fault(head) == nil) == isGood)
    }

    @Test("Targets and versions")
    func targets() {
        func fault(_ uri: String, _ version: HTTPVersion = .http1_1) -> RequestFault? {
            HeadRules.fault(HTTPRequestHead(version: version, method: .GET, uri: uri, headers: ["host": "h"]))
        }
        #expect(fault("/a?b") == nil)
        for uri in ["http://h/a", "*", "h:443", "", "/a b", "/caf\u{E9}"] { #expect(fault(uri) != nil, "\(uri)") }
        #expect(fault("/", .http1_0) == nil)
        #expect(fault("/", HTTPVersion(major: 2, minor: 0)) == .version)
    }
}
