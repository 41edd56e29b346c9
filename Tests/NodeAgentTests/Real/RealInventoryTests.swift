import Foundation
import RealRuntime
import Shared
import Testing

/// All tests that start daemons, one after another.
@Suite(.serialized) struct RealRuntimeTests {}

extension RealRuntimeTests {
    @Suite(.serialized) struct RealInventoryTests {
        @Test func theInventoryIsThatOfTheRuntime() async throws {
            try await RealNode.with { node in
                let registry = try await node.machine.registry()
                try node.containerd.allow(registry.host)
                let scratch = try await registry.push(.scratch("one"), as: "scratch:1")
                let busybox = try await registry.push(try .busybox("one"), as: "team/busybox:1")
                var withVolume = try TestImage.busybox("volume")
                withVolume.volumes = ["/data"]
                let volume = try await registry.push(withVolume, as: "volume:1")
                let large = try await registry.push(try .random(bytes: 100 << 20), as: "large:1")

                try await node.agrees("empty at first")
                for reference in [scratch, busybox, volume, large] {
                    let attempt = try await node.pull(reference)
                    #expect(attempt.outcome == .succeeded, "\(reference): \(attempt.message)")
                    let image = try #require(node.coordinator.images.first { $0.tags.contains(reference) })
                    #expect(image.id == attempt.imageID)
                    #expect(image.size == attempt.bytes)
                    try await node.agrees("after the pull of \(reference)")
                }
                #expect(node.coordinator.images.contains { $0.size > 100 << 20 })
                #expect(node.coordinator.images.allSatisfy { !$0.inUse })

                // The tag moves: the former image keeps its digest only.
                let former = try #require(node.coordinator.images.first { $0.tags == [scratch] })
                try await registry.push(.scratch("two"), as: "scratch:1")
                #expect(try await node.pull(scratch).outcome == .succeeded)
                try await node.agrees("after a retag")
                let moved = try #require(node.coordinator.images.first { $0.tags == [scratch] })
                #expect(moved.id != former.id)

                // By digest, and by tag and digest, where the tag is for the reader only.
                let pushed = try await registry.push(try .busybox("by digest"), as: "digested:1")
                let digest = try await registry.digest(of: "digested:1")
                let pinned = "\(registry.host)/digested@\(digest)"
                #expect(try await node.pull(pinned).outcome == .succeeded)
                try await node.agrees("after a pull by digest")
                let image = try #require(node.coordinator.images.first { $0.digests == [pinned] })
                #expect(image.tags.isEmpty)
                #expect(try await node.pull("\(pushed)@\(digest)").outcome == .succeeded)
                try await node.agrees("after a pull by tag and digest")

                for reference in [scratch, busybox] { try await node.containerd.remove(reference) }
                try await node.agrees("after deletions of names")
                for image in try await node.containerd.images() { try await node.containerd.remove(image) }
                try await node.agrees("after the deletion of everything")
                #expect(node.names.isEmpty)
            }
        }

        @Test func aDeletedImageIsNoticedWithinOneInterval() async throws {
            try await RealNode.with(interval: .seconds(3)) { node in
                let registry = try await node.machine.registry()
                try node.containerd.allow(registry.host)
                let reference = try await registry.push(.scratch("gone"), as: "gone:1")
                #expect(try await node.pull(reference, interval: .seconds(3)).outcome == .succeeded)
                node.coordinator.assign([reference], interval: .seconds(3))
                for _ in 0..<3 {
                    for name in node.names { try await node.containerd.remove(name) }
                    let deleted = ContinuousClock.now
                    await eventually("the deletion is told of") { node.names.isEmpty }
                    // One interval, and time for a busy machine: less than the default interval's 10 s.
                    #expect(ContinuousClock.now - deleted < .seconds(3 + 6))
                    let pulled = ContinuousClock.now
                    let attempt = try await node.pull(reference, interval: .seconds(3))
                    #expect(attempt.outcome == .succeeded)
                    #expect(ContinuousClock.now - pulled < .seconds(9))
                    node.coordinator.assign([reference], interval: .seconds(3))
                }
            }
        }
    }
}
