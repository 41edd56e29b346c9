import Planning
import Shared
import SwiftProtobuf

/// splitmix64, for what needs chance but no history.
struct FixedRandom: RandomNumberGenerator {
    var state: UInt64 = 7

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// A fleet, and reports to it written by hand.
struct FleetDesk {
    var fleet = Fleet(epoch: 1)
    var configuration = Configuration()
    var now = Timestamp(milliseconds: 1_700_000_000_000)
    private var random = FixedRandom()

    init(_ images: String...) throws { try list(images) }

    mutating func list(_ images: [String]) throws {
        configuration.images = try images.map {
            ImageEntry(name: "i-\($0.prefix { $0 != ":" && $0 != "/" })", reference: try ImageReference($0))
        }
    }

    mutating func adopt() -> [Transition] { fleet.adopt(configuration, at: now) }

    mutating func pass(seconds: Double) { now = now + seconds }

    @discardableResult
    mutating func take(
        _ sequence: UInt64, node: String = "n1", boot: String = "b1", platform: String = "",
        _ fill: (inout WireReport) -> Void = { _ in }
    ) -> Fleet.Ingestion {
        var report = WireReport()
        report.node = node
        report.bootID = boot
        report.sequence = sequence
        report.runtime.listed = true
        fill(&report)
        return fleet.ingest(CheckedReport(modelled: report), platform: platform, at: now, using: &random)
    }

    mutating func order(_ column: Int = 0, node: String = "n1") -> UInt64? {
        _ = fleet.order(fleet.references[column], node: node, at: now)
        return fleet.assignment(node: node).pulls.last?.id
    }

    func state(_ column: Int = 0, node: String = "n1") -> CellState {
        fleet.state(node: node, column: column, now: now)
    }
}

extension WireImage {
    /// `docker.io/library/NAME:TAG`, as a runtime lists it.
    static func listed(_ name: String, tag: String = "latest", inUse: Bool = false) -> WireImage {
        WireImage.with {
            $0.id = "sha256:\(name)-\(tag)"
            $0.tags = ["docker.io/library/\(name):\(tag)"]
            $0.size = 1000
            $0.inUse = inUse
        }
    }
}

extension WireImage {
    /// An image of this normalised reference.
    static func named(_ reference: String) -> WireImage {
        WireImage.with {
            $0.id = "sha256:\(reference)"
            $0.tags = [reference]
            $0.size = 1000
        }
    }
}

extension WireAttempt {
    static func of(
        _ pull: UInt64, _ reference: String, id: UInt64 = 1, _ outcome: WireOutcome, _ message: String = ""
    ) -> WireAttempt {
        WireAttempt.with {
            $0.id = id
            $0.pullID = pull
            $0.reference = reference
            $0.outcome = outcome
            $0.message = message
            $0.startedAgeMs = 2000
            $0.endedAgeMs = 1000
        }
    }
}
