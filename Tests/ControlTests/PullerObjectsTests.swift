import Cluster
import Foundation
import Shared
import Testing

@testable import Control
@testable import KubernetesClient
@testable import TestBasics

@Suite("Objects that come and go, alone or with their definition") struct PullerObjectsTests {
    private static let first = PullerObjects.Definition(uid: "d1", createdAt: at(100))
    private static let second = PullerObjects.Definition(uid: "d2", createdAt: at(2_000))

    private static func at(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: seconds * 1000) }

    private static func object(_ name: String, _ namespace: String = "a") -> KubernetesImagePuller {
        var metadata = ObjectMeta(name: name, namespace: namespace)
        metadata.uid = "\(namespace)/\(name)"
        return KubernetesImagePuller(metadata: metadata, spec: [:], status: nil)
    }

    private static func name(_ name: String, _ namespace: String = "a") -> PullerObjects.Name {
        .init(namespace: namespace, name: name)
    }

    @Test(
        "One that is deleted alone has gone at once; one that goes with its definition is held, and goes on when it comes back"
    )
    func deletion() {
        var objects = PullerObjects(patience: 900)
        objects.list([Self.object("x"), Self.object("y")], in: "a", of: Self.first, at: Self.at(200))
        objects.lose(Self.name("x"), of: Self.first, at: Self.at(210))
        #expect(objects.entries.keys.sorted() == [Self.name("y")])
        objects.lose(Self.name("y"), of: nil, at: Self.at(220))
        objects.loseAll(at: Self.at(230))
        #expect(objects.entries[Self.name("y")]?.heldUntil == Self.at(1_120))
        #expect(objects.expire(at: Self.at(1_119)).isEmpty)
        var back = objects
        back.list([Self.object("y")], in: "a", of: Self.second, at: Self.at(1_100))
        #expect(back.entries[Self.name("y")]?.heldUntil == nil)
        #expect(objects.expire(at: Self.at(1_120)) == [Self.name("y")] && objects.entries.isEmpty)
    }

    @Test("A definition that was replaced unseen took its objects along: what isn't listed any more is held")
    func replacement() {
        var objects = PullerObjects(patience: 900)
        objects.list(
            [Self.object("x"), Self.object("y"), Self.object("z", "b")], in: nil, of: Self.first, at: Self.at(200))
        objects.list([Self.object("y")], in: "a", of: Self.second, at: Self.at(2_100))
        #expect(objects.entries[Self.name("x")]?.heldUntil == Self.at(3_000))
        #expect(objects.entries[Self.name("y")]?.heldUntil == nil)
        #expect(objects.entries[Self.name("z", "b")]?.heldUntil == nil, "another namespace was listed")
        // The same definition: then it was deleted alone, unseen as well.
        objects.list([], in: "a", of: Self.second, at: Self.at(2_200))
        #expect(objects.entries[Self.name("y")] == nil && objects.entries[Self.name("x")] != nil)
    }

    @Test("Nothing is concluded of a definition that can't be read")
    func unreadable() {
        var objects = PullerObjects(patience: 900)
        objects.list([Self.object("x")], in: "a", of: Self.first, at: Self.at(200))
        objects.list([], in: "a", of: nil, at: Self.at(300))
        #expect(objects.entries[Self.name("x")]?.heldUntil == Self.at(1_200))
    }

    @Test(
        "After a restart DaemonSets tell of objects: what went alone meanwhile has gone, what went with the definition is held"
    )
    func restart() {
        func recalled() -> PullerObjects {
            var objects = PullerObjects(patience: 900)
            objects.recall(Self.name("x"), madeAt: Self.at(500))
            return objects
        }
        var absent = recalled()
        absent.loseAll(at: Self.at(600))
        #expect(absent.entries[Self.name("x")]?.heldUntil == Self.at(1_500))
        var alone = recalled()
        alone.list([], in: "a", of: Self.first, at: Self.at(600))
        #expect(alone.entries.isEmpty)
        var reinstalled = recalled()
        reinstalled.list([], in: nil, of: Self.second, at: Self.at(2_100))
        #expect(reinstalled.entries[Self.name("x")]?.heldUntil == Self.at(3_000))
        var there = recalled()
        there.list([Self.object("x")], in: nil, of: Self.second, at: Self.at(2_100))
        there.recall(Self.name("x"), madeAt: Self.at(500))
        #expect(there.entries[Self.name("x")]?.object != nil && there.nextExpiry == nil)
    }

    /// Whatever happens in whatever order: who is there is known and not held, and nobody is forgotten before its time unless it
    /// was deleted alone.
    @Test("Random lives", arguments: 1...300 as ClosedRange<UInt64>) func lives(seed: UInt64) {
        var random = Seeded(state: seed)
        var objects = PullerObjects(patience: 900)
        var present: Set<PullerObjects.Name> = []
        /// Those that went with a definition, and when.
        var orphaned: [PullerObjects.Name: Timestamp] = [:]
        var definition: PullerObjects.Definition? = Self.first
        var now = Self.at(1_000)
        for step in 0..<60 {
            now = now + Double.random(in: 1...200, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0, 1:
                guard let definition else { break }
                let name = Self.name(
                    "o\(Int.random(in: 0..<4, using: &random))", ["a", "b"].randomElement(using: &random) ?? "a")
                present.insert(name)
                orphaned[name] = nil
                objects.note(Self.object(name.name, name.namespace), of: definition)
            case 2:
                guard let definition, let name = present.sorted().randomElement(using: &random) else { break }
                present.remove(name)
                objects.lose(name, of: definition, at: now)
            case 3:
                if definition == nil {
                    definition = PullerObjects.Definition(uid: "d\(step)", createdAt: now)
                    objects.list([], in: nil, of: definition, at: now)
                } else {
                    definition = nil
                    // Some are told of one by one, the others when nothing is served any more.
                    for name in present.sorted() where Bool.random(using: &random) {
                        objects.lose(name, of: nil, at: now)
                    }
                    objects.loseAll(at: now)
                    for name in present { orphaned[name] = now }
                    present = []
                }
            default:
                guard let definition else { break }
                objects.list(
                    present.filter { $0.namespace == "a" }.map { Self.object($0.name, $0.namespace) }, in: "a",
                    of: definition, at: now)
            }
            let over = objects.expire(at: now)
            for name in over { #expect(orphaned[name].map { $0 + 900 <= now } == true) }
            for name in over { orphaned[name] = nil }
            #expect(Set(objects.entries.keys) == present.union(orphaned.keys))
            for (name, entry) in objects.entries { #expect((entry.heldUntil == nil) == present.contains(name)) }
        }
    }
}
