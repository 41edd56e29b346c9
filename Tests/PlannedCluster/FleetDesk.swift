import Cluster
import ImageSets
import Planning
import Shared
import SwiftProtobuf

/// A fleet, and reports to it written by hand.
package struct FleetDesk {
    package var fleet = Fleet(epoch: 1)
    package var configuration = Configuration()
    package var now = Timestamp(milliseconds: 1_700_000_000_000)
    private var random = FixedRandom()

    package init(_ images: String...) throws { try list(images) }

    package mutating func list(_ images: [String]) throws {
        configuration.images = try images.map {
            ImageEntry(name: "i-\($0.prefix { $0 != ":" && $0 != "/" })", reference: try ImageReference($0))
        }
    }

    package mutating func adopt() -> [Transition] { fleet.adopt(configuration, at: now) }

    package mutating func pass(seconds: Double) { now = now + seconds }

    @discardableResult
    package mutating func take(
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

    package mutating func order(_ column: Int = 0, node: String = "n1") -> UInt64? {
        _ = fleet.order(fleet.references[column], node: node, at: now)
        return fleet.assignment(node: node).pulls.last?.id
    }

    package func state(_ column: Int = 0, node: String = "n1") -> CellState {
        fleet.state(node: node, column: column, now: now)
    }
}

extension WireImage {
    /// `docker.io/library/NAME:TAG`, as a runtime lists it.
    package static func listed(_ name: String, tag: String = "latest", inUse: Bool = false) -> WireImage {
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
    package static func named(_ reference: String) -> WireImage {
        WireImage.with {
            $0.id = "sha256:\(reference)"
            $0.tags = [reference]
            $0.size = 1000
        }
    }
}

extension WireAttempt {
    package static func of(
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
