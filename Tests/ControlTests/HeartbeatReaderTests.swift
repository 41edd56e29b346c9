import Shared
import SwiftProtobuf
import Testing

@testable import Control
@testable import TestBasics

@Suite("Heartbeats read without a decoder") struct HeartbeatReaderTests {
    private static func read(_ bytes: [UInt8]) -> HeartbeatReader? { bytes.withUnsafeBytes { HeartbeatReader($0) } }

    private static func report(_ fill: (inout WireReport) -> Void = { _ in }) -> WireReport {
        WireReport.with {
            $0.node = "n1"
            $0.bootID = "boot"
            $0.sequence = 7
            $0.agentVersion = "1.0"
            $0.runtime.name = "containerd"
            $0.runtime.listed = true
            $0.imageFilesystem.capacityBytes = 100
            $0.imageFilesystem.freeBytes = 50
            $0.pullSecretsDigest = "digest"
            $0.inventoryAgeMs = 1_234
            $0.acknowledged = 6
            fill(&$0)
        }
    }

    @Test("It says what the decoder says")
    func agrees() throws {
        var random = Seeded(state: 4)
        for _ in 0..<500 {
            let report = Self.report {
                $0.sequence = .random(in: 0...UInt64.max, using: &random) >> UInt64.random(in: 0...63, using: &random)
                $0.acknowledged =
                    .random(in: 0...UInt64.max, using: &random) >> UInt64.random(in: 0...63, using: &random)
                $0.inventoryAgeMs =
                    .random(in: 0...UInt64.max, using: &random) >> UInt64.random(in: 0...63, using: &random)
                $0.imageFilesystem.freeBytes = .random(in: 0...100, using: &random)
            }
            let read = try #require(Self.read(try report.serializedBytes()))
            #expect(read.isHeartbeat)
            #expect(read.heartbeat.sequence == report.sequence)
            #expect(read.heartbeat.acknowledged == report.acknowledged)
            #expect(read.heartbeat.inventoryAgeMilliseconds == report.inventoryAgeMs)
            #expect(read.heartbeat.capacityBytes == report.imageFilesystem.capacityBytes)
            #expect(read.heartbeat.freeBytes == report.imageFilesystem.freeBytes)
        }
    }

    @Test("Reports are alike when they say the same of agent and runtime, whatever else they say")
    func likeness() throws {
        func likeness(_ fill: (inout WireReport) -> Void) throws -> Int? {
            Self.read(try Self.report(fill).serializedBytes())?.likeness
        }
        let own = try likeness { _ in }
        #expect(own != nil)
        #expect(try likeness { $0.sequence = 99 } == own)
        #expect(try likeness { $0.full.images = [.with { $0.id = "x" }] } == own)
        let others: [(inout WireReport) -> Void] = [
            { $0.node = "n2" }, { $0.bootID = "other" }, { $0.agentVersion = "2" }, { $0.runtime.error = "gone" },
            { $0.standingBy = true }, { $0.runtime.listed = false }, { $0.pullSecretsDigest = "" },
            { ($0.node, $0.bootID) = ("n", "1boot") },
        ]
        for other in others { #expect(try likeness(other) != own) }
    }

    @Test("Whatever says more is no heartbeat")
    func more() throws {
        let others: [(inout WireReport) -> Void] = [
            { $0.full.images = [] }, { $0.delta.since = 3 }, { $0.attempts = [.with { $0.id = 1 }] },
            { $0.running = [.with { $0.pullID = 1 }] },
            { $0.imageFilesystem.freeBytes = 101 }, { $0.imageFilesystem.capacityBytes = .max },
        ]
        for other in others {
            let read = try #require(Self.read(try Self.report(other).serializedBytes()))
            #expect(!read.isHeartbeat)
        }
        // A field twice: the decoder takes the last one.
        let bytes: [UInt8] = try Self.report().serializedBytes()
        let twice = try #require(Self.read(bytes + [3 << 3, 9]))
        #expect(!twice.isHeartbeat)
        let unknown = try #require(Self.read(bytes + [15 << 3, 9]))
        #expect(!unknown.isHeartbeat)
    }

    @Test("Broken and random bytes do no harm, and what is cut is no report")
    func broken() throws {
        let bytes: [UInt8] = try Self.report().serializedBytes()
        var random = Seeded(state: 11)
        for length in 0..<bytes.count {
            let cut = Self.read(Array(bytes.prefix(length)))
            if (try? WireReport(serializedBytes: Array(bytes.prefix(length)))) == nil { #expect(cut == nil) }
        }
        for _ in 0..<5_000 {
            var broken = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                broken[.random(in: broken.indices, using: &random)] = .random(in: 0...255, using: &random)
            }
            guard let read = Self.read(broken), read.isHeartbeat else { continue }
            guard let decoded = try? WireReport(serializedBytes: broken) else { continue }
            #expect(read.heartbeat.sequence == decoded.sequence)
            #expect(read.heartbeat.acknowledged == decoded.acknowledged)
        }
        #expect(Self.read([0x08] + [UInt8](repeating: 0xFF, count: 10) + [0x01]) == nil)
        #expect(Self.read([0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]) == nil)
    }
}
