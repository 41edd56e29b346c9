import Failures
import Foundation
import Testing

/// Whatever comes, there's an answer, soon.
@Suite struct HostileInputTests {
    private static let known = ReportedMessages.all

    /// Seconds of a processor that this thread has had: what other programs take meanwhile doesn't count.
    private static var processorTime: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private func isSound(_ known: FailureExplanation) -> Bool {
        Set(known.blames).isSubset(of: Set(Blame.allCases)) && Set(known.blames).count == known.blames.count
            && !known.nextStep.isEmpty && known.nextSteps.count == known.blames.count
            && known.mirrorHost?.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } != false
    }

    @Test(arguments: [
        "", " ", "\n", "\u{0}", "\"", "\\", "\\\"", ":", ": : : :", "\"\"\"\"", "拉取镜像失败：找不到", "Das Abbild fehlt",
        "\u{FFFD}\u{FFFD}\u{1}\u{2}", "🧊", "e\u{301}\u{301}\u{301}",
    ])
    func saysUnknownOfWhatSaysNothing(text: String) {
        let known = FailureExplanation(message: text)
        #expect(known.reason == .unknown)
        #expect(isSound(known))
    }

    /// Time is bounded whatever the length: a megabyte takes no longer than a second, though machines are busy.
    @Test(arguments: [
        "a", "\"", "\\\"", "\\", ": ", "\" ", "\n", "failed to copy: ", "\"a b\": ", "connection ", "(", "[",
        "<html>", "429 ", "https://r.example.com/v2/a/manifests/1 ", "docker://", "\\\\\\\"x ", "\"\\\"\\\\\\\"",
        "not found: ", "=", "a=", "é",
    ])
    func aMegabyteTakesNoTime(piece: String) {
        let text = String(repeating: piece, count: (1 << 20) / piece.utf8.count)
        let start = Self.processorTime
        let known = FailureExplanation(message: text)
        #expect(Self.processorTime - start < 1)
        #expect(isSound(known))
    }

    /// Quotation marks behind ever more backslashes have no partners: the worst for a reader that looks for them.
    @Test func unpairedQuotationsTakeNoTime() {
        let text = (1..<1500).map { String(repeating: "\\", count: $0) + "\" x" }.reversed().joined()
        let start = Self.processorTime
        #expect(isSound(FailureExplanation(message: text)))
        #expect(Self.processorTime - start < 1)
    }

    /// The cause stands at the end, the stage at the beginning: a page of a megabyte between them hides neither.
    @Test func looksAtBothEnds() {
        let page = String(repeating: "lorem ipsum ", count: 100_000)
        let known = FailureExplanation(
            message: "failed to resolve reference \"r.example.com/a:1\": \(page): connect: connection refused")
        #expect(known.stage == .resolve)
        #expect(known.reason == .registryUnavailable)
    }

    /// Messages that are cut, spliced and littered are answered, and always the same.
    @Test func survivesMutations() {
        var random = SeededBits(seed: 14)
        for round in 0..<20_000 {
            guard var bytes = Self.known.randomElement(using: &random).map({ Array($0.text.utf8) }) else { return }
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                guard !bytes.isEmpty else { break }
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<6, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(contentsOf: Array("\"\\: <\n".utf8).shuffled(using: &random), at: place)
                case 3: bytes.removeSubrange(place...)
                case 4:
                    bytes.insert(contentsOf: bytes[place...].prefix(80), at: Int.random(in: 0...place, using: &random))
                default:
                    bytes.append(contentsOf: Self.known.randomElement(using: &random).map { Array($0.text.utf8) } ?? [])
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            let known = FailureExplanation(message: text, grpcCode: Int.random(in: -3...20, using: &random))
            #expect(isSound(known), "round \(round): \(text)")
        }
    }
}

/// SplitMix64: the same numbers in every run.
struct SeededBits: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }
}
