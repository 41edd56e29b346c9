import Cluster
import PlannedCluster
import Shared
import SwiftProtobuf
import Testing

@testable import Planning

@Suite("Which images are the same, and what isn't done twice for one") struct IdentityTests {
    private static let reference = "r.example/app:1"

    private static func hex(_ digit: Character) -> String { String(repeating: digit, count: 64) }

    private static func image(id: String, digests: String...) -> WireImage {
        WireImage.with {
            $0.id = id
            $0.tags = [reference]
            $0.digests = digests.map { "r.example/app@sha256:\($0)" }
            $0.size = 1000
        }
    }

    @Test("One configuration, one manifest or one index is one image, however each runtime writes it")
    func sameContent() throws {
        let (config, index, manifest) = (Self.hex("c"), Self.hex("1"), Self.hex("2"))
        var desk = try PlanDesk(Self.reference, nodes: 4)
        desk.adopt()
        // containerd, CRI-O, another manifest of the same configuration, and another platform of the same index.
        desk.report("n1", Self.image(id: "sha256:" + config, digests: index))
        desk.report("n2", Self.image(id: config, digests: index, manifest))
        desk.report("n3", Self.image(id: "sha256:" + config, digests: Self.hex("3")))
        desk.report("n4", Self.image(id: "sha256:" + Self.hex("d"), digests: index))
        #expect(desk.desk.fleet.columnsWithSeveralImages.isEmpty)
        desk.report("n4", Self.image(id: "sha256:" + Self.hex("d"), digests: Self.hex("4")))
        #expect(desk.desk.fleet.columnsWithSeveralImages == [0])

        let own = try #require(desk.desk.fleet.image(of: "n2", column: 0))
        #expect(own.id == "sha256:" + config && own.hashes == ["sha256:" + index, "sha256:" + manifest])
    }

    @Test("A runtime that reads a short name otherwise is named; the full name is the same on all nodes")
    func shortNames() throws {
        var desk = try PlanDesk("app:1", "docker.io/library/other:1", nodes: 2)
        desk.adopt()
        let images = desk.desk.fleet.assignment(node: "n1").images
        #expect(images.map(\.reference) == ["docker.io/library/app:1", "docker.io/library/other:1"])
        #expect(images.map(\.shortName) == ["app:1", ""])
        var image = WireImage.listed("app", tag: "1")
        desk.report("n1", image)
        image.misread = ["app:1"]
        desk.report("n2", image)
        let reference = desk.desk.fleet.references[0]
        #expect(desk.desk.fleet.misreaders(of: reference, now: desk.desk.now) == ["n2"])
        #expect(desk.desk.fleet.columnsWithSeveralImages.isEmpty)
        desk.report("n2", .listed("app", tag: "1"))
        #expect(desk.desk.fleet.misreaders(of: reference, now: desk.desk.now).isEmpty)
    }

    /// A node whose mirror stays behind, and others: how often each is asked in the interval after the tag has moved.
    @Test("A mirror that stays behind doesn't make the nodes ask for ever")
    func staleMirror() throws {
        var desk = try PlanDesk(Self.reference, nodes: 3)
        desk.adopt()
        let (old, new) = (WireImage.named(Self.reference), Self.image(id: "sha256:new"))
        desk.reportAll(old)
        desk.desk.pass(seconds: 3601)
        desk.reportAll(old)
        var asked: [String: Int] = [:]
        var has = ["n1": old, "n2": old, "n3": old]
        for _ in 0..<30 {
            _ = desk.step()
            for (node, order) in desk.desk.fleet.orders {
                asked[node, default: 0] += 1
                // n2 pulls through the mirror.
                has[node] = node == "n2" ? old : new
                desk.report(
                    node, has[node] ?? old,
                    attempts: [.of(order.id, Self.reference, id: UInt64(asked[node] ?? 0), .succeeded)])
            }
            desk.desk.pass(seconds: 10)
            for (node, image) in has { desk.report(node, image) }
        }
        #expect(asked == ["n1": 1, "n2": 1, "n3": 1])
    }

    @Test("A tag that was asked for and means what it meant replaces no pod; where it moved, one is replaced once")
    func unchanged() throws {
        var desk = try PlanDesk(Self.reference, nodes: 1)
        desk.template = "t"
        desk.pod("n1", template: "t")
        desk.adopt()
        var image = WireImage.named(Self.reference)
        desk.report("n1", image)
        var attempt: UInt64 = 0
        func ask(_ answer: WireImage) throws {
            for _ in 0..<4 {
                desk.desk.pass(seconds: 900)
                desk.report("n1", image)
            }
            _ = desk.step()
            let order = try #require(desk.desk.fleet.orders.first?.order.id)
            attempt += 1
            image = answer
            desk.report("n1", image, attempts: [.of(order, Self.reference, id: attempt, .succeeded)])
        }
        // No container uses it, for whatever reason: another pod won't either.
        try ask(image)
        #expect(desk.step().replacements.isEmpty)
        try ask(Self.image(id: "sha256:new"))
        #expect(desk.step().replacements.map(\.node) == ["n1"])
        try ask(image)
        #expect(desk.step().replacements.isEmpty)
    }

    @Test("What is repeated more than three times within an hour without a change is told")
    func loops() throws {
        var desk = try PlanDesk(Self.reference, nodes: 1)
        desk.adopt()
        desk.report("n1", .named(Self.reference))
        var plan = Plan()
        func replace(_ pod: String) {
            plan.replacements = [Plan.PodReplacement(PodView(name: pod, uid: pod, node: "n1"))]
            _ = desk.desk.fleet.carryOut(plan, at: desk.desk.now)
            desk.desk.pass(seconds: 60)
        }
        func loops() -> Set<RepeatBook.Subject> { desk.desk.fleet.experience.repeats.loops(now: desk.desk.now) }
        // A deletion that is tried again is one.
        for pod in ["a", "b", "c", "c", "c"] { replace(pod) }
        #expect(loops().isEmpty)
        replace("d")
        #expect(loops() == [RepeatBook.Subject(node: "n1")])
        desk.report("n1", Self.image(id: "sha256:new"))
        replace("e")
        #expect(loops().isEmpty)
        for pod in ["f", "g", "h"] { replace(pod) }
        #expect(loops().count == 1)
        desk.desk.pass(seconds: 3600)
        #expect(loops().isEmpty)
    }
}
