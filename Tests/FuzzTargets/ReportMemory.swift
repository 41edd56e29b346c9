import Cluster
import Glibc
import SwiftProtobuf

@testable import Planning
@testable import Shared

/// malloc.h, which Glibc's module leaves out.
@_silgen_name("malloc_trim")
private func trimMemory(_ pad: Int) -> CInt

/// What reading one report takes in memory at most, measured in a process of its own, for bodies that are made to take much.
package enum ReportMemory {
    package static let kinds: [String] = bodies.keys.sorted()

    /// - Returns: the body's bytes, and how much larger the process was at most while it was read, the body included; nil:
    ///   there's no such kind.
    package static func measure(_ kind: String) -> (body: Int, peak: Int, isTaken: Bool)? {
        guard let make = bodies[kind] else { return nil }
        // The code that is loaded at its first use is no report's.
        for report in [images(count: 3, names: 1, text: "\u{7}"), attempts("\u{7}", count: 3)] {
            read(bytes(report), isJSON: false)
            read(json(report), isJSON: true)
        }
        let (bytes, isJSON) = make()
        _ = trimMemory(0)
        let before = size("VmRSS")
        forgetPeak()
        let isTaken = read(bytes, isJSON: isJSON)
        return (bytes.count, size("VmHWM") - before + bytes.count, isTaken)
    }

    /// How much larger the process is while a fleet knows one node that has as much as any may have.
    package static func measureNode() -> Int {
        var fleet = Fleet(epoch: 1)
        var random = SystemRandomNumberGenerator()
        let now = Timestamp(milliseconds: 1_700_000_000_000)
        func take(_ report: WireReport) {
            guard let report = try? CheckedReport(report) else { return }
            _ = fleet.ingest(report, at: now, using: &random)
        }
        take(images(count: 1, names: 1, text: "a"))
        _ = trimMemory(0)
        let before = size("VmRSS")
        // Names long enough that all together are just what is kept.
        let text = "docker.io/" + String(repeating: "a", count: 300)
        take(images(count: ReportLimits.images, names: 1, text: text, sequence: 2))
        _ = trimMemory(0)
        let after = size("VmRSS")
        return fleet.nodes["worker-1"]?.lastSequence == 2 ? after - before : 0
    }

    @discardableResult
    private static func read(_ bytes: [UInt8], isJSON: Bool) -> Bool {
        guard let report = try? CheckedReport(body: bytes, isJSON: isJSON) else { return false }
        return !report.node.isEmpty
    }

    private static func size(_ what: String) -> Int {
        var buffer = [UInt8](repeating: 0, count: 8192)
        let file = open("/proc/self/status", O_RDONLY)
        let count = Glibc.read(file, &buffer, buffer.count)
        close(file)
        let lines = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self).split(separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix("\(what):") }) else { return 0 }
        return (Int(line.filter(\.isNumber)) ?? 0) << 10
    }

    /// From here on the peak is counted anew (proc_pid_clear_refs(5)).
    private static func forgetPeak() {
        let file = open("/proc/self/clear_refs", O_WRONLY)
        _ = write(file, "5", 1)
        close(file)
    }

    // MARK: Bodies

    private typealias Body = @Sendable () -> (bytes: [UInt8], isJSON: Bool)

    private static let bodies: [String: Body] = [
        "inventory": { (bytes(images(count: 4_000, names: 1, text: "docker.io/library/nginx")), false) },
        "controls": { (bytes(images(count: 4_000, names: 1, text: "docker.io/\u{1B}[2J/nginx")), false) },
        "names": { (bytes(images(count: 1_000, names: 15, text: "a.example/b")), false) },
        "few-names": { (bytes(images(count: 300, names: 200, text: "x")), false) },
        "delta": {
            (
                bytes(
                    report {
                        $0.delta.since = 1
                        $0.delta.changed = images(count: 4_000, names: 1, text: "docker.io/library/nginx").full.images
                        $0.delta.removed = (0..<4_000).map { "sha256:" + String(repeating: "a", count: 57) + "\($0)" }
                    }), false
            )
        },
        "attempts": { (bytes(attempts("toomanyrequests: ")), false) },
        "attempts-controls": { (bytes(attempts("\u{202E}\n")), false) },
        "long-text": { (bytes(report { $0.runtime.error = String(repeating: "\u{7}x", count: 1 << 20) }), false) },
        "wide-text": { (bytes(report { $0.runtime.error = String(repeating: "\u{202E}é", count: 400_000) }), false) },
        "empty-images": { ([UInt8](repeating: 0, count: 0) + head + [0x42] + varint(8192) + pairs(0x0A, 4096), false) },
        "many-empty-images": { (head + [0x42] + varint(2_000_000) + pairs(0x0A, 1_000_000), false) },
        "unknown": { (head + [0xA2, 0x06] + varint(2_000_000) + [UInt8](repeating: 0x61, count: 2_000_000), false) },
        "many-unknown": { (head + (0..<500_000).flatMap { _ in [0xA2, 0x06, 1, 0x61] as [UInt8] }, false) },
        "json": { (json(images(count: 4_000, names: 1, text: "docker.io/library/nginx")), true) },
        "json-escapes": {
            (
                Array("{\"node\":\"n\",\"bootId\":\"b\",\"sequence\":\"1\",\"runtime\":{\"error\":\"".utf8)
                    + (0..<330_000).flatMap { _ in Array(#"\u001b"#.utf8) } + Array("\"}}".utf8), true
            )
        },
        "json-arrays": {
            (
                Array("{\"node\":\"n\",\"full\":{\"images\":[".utf8)
                    + (0..<400_000).flatMap { _ in Array("{},".utf8) } + Array("{}]}}".utf8), true
            )
        },
        "json-unknown": {
            (
                Array("{\"node\":\"n\",\"unknown\":[".utf8)
                    + (0..<400_000).flatMap { _ in Array("\"\",".utf8) } + Array("1]}".utf8), true
            )
        },
    ]

    private static func report(_ fill: (inout WireReport) -> Void) -> WireReport {
        .with {
            $0.node = "worker-1"
            $0.bootID = "b1"
            $0.sequence = 1
            fill(&$0)
        }
    }

    private static func images(count: Int, names: Int, text: String, sequence: UInt64 = 1) -> WireReport {
        report { report in
            report.sequence = sequence
            report.full.images = (0..<count).map { number in
                .with {
                    $0.id = "sha256:" + String(repeating: "0", count: 56) + "\(10_000_000 + number)"
                    $0.tags = (0..<names).map { "\(text):\(number)-\($0)" }
                    $0.digests = [
                        "docker.io/library/nginx@sha256:" + String(repeating: "1", count: 56) + "\(10_000_000 + number)"
                    ]
                    $0.size = UInt64(number) << 20
                }
            }
        }
    }

    private static func attempts(_ text: String, count: UInt64 = 1_000) -> WireReport {
        let message = String(repeating: text, count: 1_900 / text.utf8.count)
        return report {
            $0.attempts = (1...count).map { number in
                .with {
                    $0.id = number
                    $0.pullID = number
                    $0.reference = "docker.io/library/nginx:\(number)"
                    $0.message = message
                }
            }
        }
    }

    private static let head = bytes(report { _ in })
    private static func pairs(_ key: UInt8, _ count: Int) -> [UInt8] { (0..<count).flatMap { _ in [key, 0] } }

    private static func varint(_ number: Int) -> [UInt8] {
        var (rest, bytes): (Int, [UInt8]) = (number, [])
        while rest > 0x7F {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    private static func bytes(_ report: WireReport) -> [UInt8] { (try? report.serializedBytes()) ?? [] }
    private static func json(_ report: WireReport) -> [UInt8] { (try? report.jsonUTF8Bytes()) ?? [] }
}
