import Glibc
import SwiftProtobuf
import Testing

@testable import Shared

@Suite("A checked report") struct CheckedReportTests {
    private func made(_ fill: (inout WireReport) -> Void = { _ in }) -> WireReport {
        WireReport.with {
            $0.node = "n1"
            $0.bootID = "b1"
            $0.sequence = 1
            $0.runtime.listed = true
            fill(&$0)
        }
    }

    private func image(_ number: Int, _ fill: (inout WireImage) -> Void = { _ in }) -> WireImage {
        WireImage.with {
            let digits = String(number, radix: 16)
            $0.id = "sha256:" + String(repeating: "0", count: 64 - digits.count) + digits
            $0.tags = ["registry.example.com/team/app-\(number):1.2.3"]
            $0.digests = ["registry.example.com/team/app-\(number)@\($0.id)"]
            $0.size = 1 << 27
            fill(&$0)
        }
    }

    @Test("What is right stays as it is")
    func right() throws {
        let report = made {
            $0.full.images = (0..<ReportLimits.images).map { image($0) }
            $0.attempts = [
                .with {
                    $0.id = 1; $0.reference = "nginx"; $0.message = "größe: 5 GB"
                }
            ]
        }
        let checked = try CheckedReport(report)
        #expect(checked.cuts.isEmpty)
        #expect(checked.wire == report)
        #expect(try CheckedReport(body: report.serializedBytes(), isJSON: false).wire == report)
        #expect(try CheckedReport(body: report.jsonUTF8Bytes(), isJSON: true).wire == report)
    }

    @Test("Half an inventory is none: what is too much is refused")
    func refused() throws {
        let many = (0...ReportLimits.images).map { image($0) { $0.digests = [] } }
        let tooMany = ReportFault.tooMany("images", limit: ReportLimits.images)
        for report in [made { $0.full.images = many }, made { $0.delta.changed = many }] {
            #expect(throws: tooMany) { try CheckedReport(report) }
            #expect(throws: tooMany) { try CheckedReport(body: report.serializedBytes(), isJSON: false) }
        }
        let others: [WireReport] = [
            made { $0.delta.removed = (0...ReportLimits.images).map { "sha256:\($0)" } },
            made { $0.attempts = Array(repeating: WireAttempt(), count: ReportLimits.attempts + 1) },
            made { $0.running = Array(repeating: WireRunningPull(), count: ReportLimits.running + 1) },
            made {
                $0.full.images = (0..<100).map { number in
                    image(number) { $0.tags = (0..<256).map { "example.com/a:\($0)" } }
                }
            },
        ]
        for report in others { #expect(throws: ReportFault.self) { try CheckedReport(report) } }
        for fill: (inout WireReport) -> Void in [
            { $0.node = "" }, { $0.bootID = "" }, { $0.sequence = 0 }, { $0.node = "a\nb" },
            { $0.node = String(repeating: "n", count: 254) },
            { $0.bootID = String(repeating: "b", count: 129) },
        ] {
            #expect(throws: ReportFault.incomplete) { try CheckedReport(made(fill)) }
        }
    }

    @Test("What can't be true, or isn't text, is cut and counted; the rest counts")
    func cut() throws {
        let report = made {
            $0.runtime.error = "cannot\u{1B}[2J\r\nconnect" + String(repeating: "!", count: 5000)
            $0.imageFilesystem.capacityBytes = .max
            $0.imageFilesystem.freeBytes = .max
            $0.inventoryAgeMs = .max
            $0.full.images = [
                image(1) { $0.tags += ["a\tb", "", String(repeating: "x", count: 521)] }, image(2) { $0.size = .max },
                image(3) { $0.id = "" }, image(4) { $0.id = "\u{202E}" },
            ]
            $0.attempts = [
                .with {
                    $0.id = .max
                    $0.message = "line\nline"
                    $0.bytes = .max
                    $0.startedAgeMs = .max
                    $0.endedAgeMs = .max
                }
            ]
            $0.running = [.with { $0.ageMs = .max }]
        }
        let checked = try CheckedReport(report)
        #expect(checked.cuts.names == 5)
        #expect(checked.cuts.texts == 2)
        #expect(checked.runtime.error.hasPrefix("cannot [2J connect!"))
        #expect(checked.runtime.error.utf8.count <= ReportLimits.message)
        #expect(checked.full.images.map(\.id) == [image(1).id, image(2).id])
        #expect(checked.full.images[0].tags == image(1).tags)
        #expect(checked.full.images[1].size == ReportLimits.largestSize)
        #expect(checked.attempts[0].message == "line line")
        #expect(checked.running[0].ageMs == ReportLimits.longestAge)
        let again = try CheckedReport(checked.wire)
        #expect(again.wire == checked.wire && again.cuts.isEmpty)
    }

    @Test("Thousands of empty parts aren't decoded")
    func spread() throws {
        // Field 8, an inventory of 4,000 images of two bytes each, and the same with texts of one letter.
        var empty = try made().serializedBytes() as [UInt8]
        let images = [UInt8](repeating: 0, count: 4000).flatMap { _ in [0x0A, 0x00] as [UInt8] }
        empty += [0x42] + varint(images.count) + images
        #expect(throws: ReportFault.tooSpread) { try CheckedReport(body: empty, isJSON: false) }
        let texts = [UInt8](repeating: 0, count: 100_000).flatMap { _ in [0x1A, 0x00] as [UInt8] }
        let image = [0x0A] + varint(texts.count) + texts
        #expect(throws: ReportFault.self) {
            try CheckedReport(body: [0x42] + varint(image.count) + image, isJSON: false)
        }
        let json = "{\"full\":{\"images\":[" + Array(repeating: "{}", count: 9000).joined(separator: ",") + "]}}"
        #expect(throws: ReportFault.tooSpread) { try CheckedReport(body: Array(json.utf8), isJSON: true) }
        #expect(throws: ReportFault.tooMany("bytes", limit: ReportLimits.bodyBytes)) {
            try CheckedReport(body: [UInt8](repeating: 0x20, count: ReportLimits.bodyBytes + 1), isJSON: true)
        }
    }

    /// Of `clock()`, by POSIX.
    private static let second = 1_000_000

    /// Protocol Buffers put together what comes several times; an inventory by copying all that there is of it already.
    @Test(
        "An inventory in thousands of parts is refused before they are put together, and nothing else of a report takes longer in parts"
    )
    func parts() throws {
        let head = try made().serializedBytes() as [UInt8]
        for key: UInt8 in [0x42, 0x4A] {
            let image = [key == 0x42 ? 0x0A : 0x12, 4, 0x0A, 2, 0x61, 0x62] as [UInt8]
            let part = [key] + varint(image.count) + image
            let body = head + Array(repeatElement(part, count: ReportLimits.images).joined())
            let start = clock()
            #expect(throws: ReportFault.tooMany("inventories", limit: 1)) {
                try CheckedReport(body: body, isJSON: false)
            }
            #expect(clock() - start < 2 * Self.second)
        }
        // One of each kind.
        #expect(throws: ReportFault.tooMany("inventories", limit: 1)) {
            try CheckedReport(body: head + [0x42, 0, 0x4A, 0], isJSON: false)
        }
        // A field that nobody knows, of half the body, and then as many parts as there's room for, each with such a field.
        for key: UInt8 in [0x2A, 0x32] {
            let unknown =
                [0xA2, 0x06] + varint(ReportLimits.bodyBytes / 4)
                + [UInt8](repeating: 1, count: ReportLimits.bodyBytes / 4)
            let part = [key, 3, 0xA0, 0x06, 1] as [UInt8]
            let body =
                head + [key] + varint(unknown.count) + unknown + Array(repeatElement(part, count: 100_000).joined())
            let start = clock()
            _ = try? CheckedReport(body: body, isJSON: false)
            #expect(clock() - start < 10 * Self.second)
        }
    }

    @Test("Bytes of any kind are a report or a fault, and a report keeps its bounds", arguments: 0..<4)
    func anyBytes(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let good = made {
            $0.full.images = (0..<20).map { image($0) }
            $0.attempts = [
                .with {
                    $0.id = 1; $0.reference = "nginx"; $0.message = "no"
                }
            ]
            $0.running = [.with { $0.pullID = 7 }]
        }
        for isJSON in [false, true] {
            let bytes: [UInt8] = isJSON ? try good.jsonUTF8Bytes() : try good.serializedBytes()
            for _ in 0..<2000 {
                var body = bytes
                for _ in 0..<Int.random(in: 1...8, using: &random) {
                    let at = Int.random(in: 0..<body.count, using: &random)
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: body[at] = UInt8.random(in: 0...255, using: &random)
                    case 1: body.removeSubrange(at..<min(body.count, at + Int.random(in: 1...9, using: &random)))
                    case 2: body.insert(contentsOf: [0xFF, 0xFF, 0xFF, 0xFF, 0x0F], at: at)
                    default: body += body.prefix(at)
                    }
                    if body.isEmpty { body = [0] }
                }
                guard let checked = try? CheckedReport(body: body, isJSON: isJSON) else { continue }
                let again = try CheckedReport(checked.wire)
                #expect(again.wire == checked.wire && again.cuts.isEmpty)
            }
        }
    }

    private func varint(_ number: Int) -> [UInt8] {
        var (rest, bytes): (Int, [UInt8]) = (number, [])
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}

@Suite("Numbers from outside") struct SaturatingTests {
    @Test("What doesn't fit becomes the nearest number that does")
    func saturating() {
        #expect(UInt64(saturating: 1e300) == .max && UInt64(saturating: -1) == 0 && UInt64(saturating: .nan) == 0)
        #expect(Int64(saturating: 9.3e18) == .max && Int64(saturating: -.infinity) == .min)
        #expect(Int(saturating: 1.9) == 1 && Int(saturating: -1.9) == -1)
        #expect(UInt64(saturating: 0x1p64) == .max && UInt64(saturating: 0x1.fffffffffffffp63) == 0xFFFF_FFFF_FFFF_F800)
        #expect(Int64.max.saturatingAdd(1) == .max && Int64.min.saturatingAdd(-1) == .min)
        #expect(UInt64(3).saturatingSubtract(4) == 0 && Int64.min.saturatingSubtract(1) == .min)
        #expect(Int64.max.saturatingMultiply(-2) == .min && Int64.min.saturatingMultiply(-1) == .max)
        #expect([UInt64.max, 1].saturatingSum() == .max)
    }

    @Test("Controls become spaces; a text is cut between characters")
    func controls() {
        #expect("a\r\n\tb\u{7F}".withoutControls == "a b")
        #expect("x\u{1B}[31mred\u{1B}[0m".withoutControls == "x [31mred [0m")
        #expect("a\u{202E}b\u{2028}c".withoutControls == "a b c")
        #expect("ärger".cleaned(maximumBytes: 1) == "" && "ärger".cleaned(maximumBytes: 3) == "är")
        #expect(!"größe 5".hasControls && "\0".hasControls)
    }
}
