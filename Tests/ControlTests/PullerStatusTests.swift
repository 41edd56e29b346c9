import Cluster
import Foundation
import Shared
import Testing

@testable import ConfigurationParsing
@testable import Control
@testable import KubernetesClient
@testable import Reporting

@Suite("The status of a KubernetesImagePuller object") struct PullerStatusTests {
    /// Cells of one image on three nodes.
    private struct Image {
        var name = "web"
        var present = 0
        var pulling = 0
        var unknown = 0
        /// By reason, with whether it is permanent.
        var failed: [(reason: String, permanent: Bool, cells: Int)] = []
        var message = "not found"
    }

    private static func counts(_ image: Image) -> JSONValue {
        let failed = image.failed.reduce(0) { $0 + $1.cells }
        let cells = image.present + image.pulling + image.unknown + failed
        return [
            "cells": .integer(Int64(cells)), "present": .integer(Int64(image.present)), "held": 0,
            "pulling": .integer(Int64(image.pulling)), "failed": .integer(Int64(failed)), "missing": 0,
            "unknown": .integer(Int64(image.unknown)),
        ]
    }

    private static func report(_ images: [Image], nodes: Int = 3) throws -> CoverageReport {
        var total = Image()
        for image in images {
            total.present += image.present
            total.pulling += image.pulling
            total.unknown += image.unknown
            total.failed += image.failed
        }
        let rows = images.map { image -> JSONValue in
            [
                "name": .string(image.name), "reference": .string("registry.example.com/\(image.name):1"),
                "counts": counts(image), "notHeld": [],
                "failures": .array(
                    image.failed.map { failure in
                        [
                            "reason": .string(failure.reason), "permanent": .bool(failure.permanent),
                            "cells": .integer(Int64(failure.cells)), "attempts": 2, "message": .string(image.message),
                            "nodes": ["n1"], "image": .string(image.name),
                        ]
                    }),
            ]
        }
        let document: JSONValue = [
            "at": "2026-11-30T00:00:00.000Z", "revision": 1, "evidence": "runtimes", "grouping": "image",
            "nodes": .integer(Int64(nodes)), "images": .integer(Int64(images.count)), "total": counts(total),
            "nodesLeft": 0, "rows": .array(rows), "heldBack": 0,
        ]
        return try JSONDecoder().decode(CoverageReport.self, from: JSONEncoder().encode(document))
    }

    private static func facts(
        _ images: [Image], ready: [Image]? = nil, nodes: Int = 3, errors: [String] = [], isAccepted: Bool = true,
        status: JSONValue? = nil
    ) throws -> PullerStatus.Facts {
        var metadata = ObjectMeta(name: "one", namespace: "che")
        metadata.generation = 4
        var configuration = ConfigurationStatus()
        configuration.isAccepted = isAccepted
        configuration.findings = errors.map { .init(severity: "error", key: "spec.images", message: $0) }
        var facts = PullerStatus.Facts(object: KubernetesImagePuller(metadata: metadata, spec: [:], status: status))
        facts.configuration = configuration
        facts.judged = 4
        facts.progress = SetProgress(
            whole: try report(images, nodes: nodes), ready: try report(ready ?? images, nodes: nodes),
            agentImage: "ours.example/agent:1")
        return facts
    }

    private static let now = Timestamp(milliseconds: 1_764_460_800_123)

    private static func document(
        _ facts: PullerStatus.Facts, fields: Set<String>? = nil, former: JSONValue? = nil, now: Timestamp = now
    ) throws -> JSONValue {
        try #require(PullerStatus(facts).document(fields: fields, former: former, now: now))
    }

    /// `Ready=True AllPresent`, … in the order of the list.
    private static func conditions(_ document: JSONValue) -> [String] {
        (document["conditions"]?.arrayValue ?? []).map {
            "\($0["type"]?.stringValue ?? "")=\($0["status"]?.stringValue ?? "") \($0["reason"]?.stringValue ?? "")"
        }
    }

    @Test("Ready: everything is present that can be, and something is")
    func ready() throws {
        let all = try Self.document(Self.facts([Image(present: 3)]))
        #expect(
            Self.conditions(all) == ["Ready=True AllPresent", "Progressing=False Settled", "Degraded=False AsExpected"])
        #expect(all["coverage"] == "100.0 %" && all["present"] == 3 && all["wanted"] == 3 && all["failed"] == 0)
        #expect(all["observedGeneration"] == 4 && all["imagePullerImage"] == "ours.example/agent:1")

        let pulling = try Self.document(Self.facts([Image(present: 2, pulling: 1)]))
        #expect(
            Self.conditions(pulling) == [
                "Ready=False Pulling", "Progressing=True Pulling", "Degraded=False AsExpected",
            ])
        #expect(pulling["coverage"] == "66.6 %")

        let absent = Image(name: "gone", failed: [("notFound", true, 3)])
        let failing = try Self.document(Self.facts([Image(present: 3), absent]))
        #expect(
            Self.conditions(failing) == [
                "Ready=True PresentWherePossible", "Progressing=False Settled", "Degraded=True NotFound",
            ])
        let message = failing["conditions"]?.arrayValue?.last?["message"]?.stringValue
        #expect(message == "gone (registry.example.com/gone:1): notFound on 3 nodes: not found")
        #expect(failing["images"]?.arrayValue?.last?["reason"] == "notFound")
        let partly = try Self.document(Self.facts([absent], errors: ["an entry has no effect."]))
        #expect(Self.conditions(partly)[2] == "Degraded=True NotFound")
        #expect(
            partly["conditions"]?.arrayValue?.last?["message"]?.stringValue
                == "gone (registry.example.com/gone:1): notFound on 3 nodes: not found; an entry has no effect.")
        #expect(Self.conditions(try Self.document(Self.facts([absent])))[0] == "Ready=False ImagesFailed")
        // It is tried again, and may come.
        let passing = Image(name: "late", failed: [("timeout", false, 1)])
        #expect(
            Self.conditions(try Self.document(Self.facts([Image(present: 3), passing])))[0] == "Ready=False Pulling")

        let away = try Self.document(Self.facts([Image(present: 2, unknown: 1)], ready: [Image(present: 2)]))
        #expect(
            Self.conditions(away) == [
                "Ready=True PresentWherePossible", "Progressing=False Settled", "Degraded=True NodesUnreachable",
            ])
        #expect(
            Self.conditions(try Self.document(Self.facts([Image(present: 2, unknown: 1)])))[0] == "Ready=False Pulling")
        let nowhere = Self.conditions(try Self.document(Self.facts([Image()], nodes: 0)))
        #expect(nowhere.prefix(2) == ["Ready=False NoNodes", "Progressing=False NoNodes"])
        let nothing = Self.conditions(try Self.document(Self.facts([])))
        #expect(nothing.prefix(2) == ["Ready=True NoImages", "Progressing=False NoImages"])
    }

    @Test("A rejected object says why, and how far is what is in force; an obstacle says that nothing is done")
    func rejected() throws {
        let rejected = try Self.document(Self.facts([Image(present: 3)], errors: ["it is wrong"], isAccepted: false))
        #expect(Self.conditions(rejected)[0] == "Ready=False ConfigurationRejected")
        #expect(Self.conditions(rejected)[2] == "Degraded=True ConfigurationRejected" && rejected["present"] == 3)
        #expect(rejected["conditions"]?.arrayValue?.last?["message"] == "it is wrong")
        let partly = try Self.document(Self.facts([Image(present: 3)], errors: ["one entry is wrong"]))
        #expect(Self.conditions(partly)[2] == "Degraded=True ConfigurationPartlyIneffective")
        var facts = try Self.facts([])
        facts.configuration = nil
        facts.judged = nil
        facts.progress = nil
        #expect(PullerStatus(facts).document(fields: nil, former: nil, now: Self.now) == nil, "nobody has looked yet")
        facts.obstacle = ("OtherOperatorActs", GoOperatorCheck.finding(["deployment/x"], namespace: "che"))
        let held = try Self.document(facts)
        #expect(
            Self.conditions(held) == [
                "Ready=False OtherOperatorActs", "Progressing=False OtherOperatorActs",
                "Degraded=True OtherOperatorActs",
            ])
        #expect(held["observedGeneration"] == 4 && held["present"] == nil)
    }

    @Test("A condition's time changes with its status alone, and nothing that stays the same is written otherwise")
    func times() throws {
        let facts = try Self.facts([Image(present: 2, pulling: 1)])
        let first = try Self.document(facts)
        #expect(first["conditions"]?.arrayValue?.first?["lastTransitionTime"] == "2025-11-30T00:00:00Z")
        let later = Self.now + 3_600
        #expect(try Self.document(facts, former: first, now: later) == first)
        let done = try Self.document(Self.facts([Image(present: 3)]), former: first, now: later)
        let times = done["conditions"]?.arrayValue?.compactMap { $0["lastTransitionTime"]?.stringValue }
        #expect(times == ["2025-11-30T01:00:00Z", "2025-11-30T01:00:00Z", "2025-11-30T00:00:00Z"])
        // A runtime's words differ with each attempt.
        var failing = Image(present: 2, failed: [("timeout", false, 1)])
        failing.message = "request 1 timed out"
        let told = try Self.document(Self.facts([failing]))
        failing.message = "request 2 timed out"
        #expect(try Self.document(Self.facts([failing], status: told), former: told, now: later) == told)
    }

    @Test(
        "Of what the installed definition doesn't declare nothing is written; images are 100 at most, the worst of them"
    )
    func bounds() throws {
        let facts = try Self.facts([Image(present: 3)])
        let small = try Self.document(facts, fields: ["conditions"])
        #expect(small.objectValue?.keys.sorted() == ["conditions"])
        #expect(
            small["conditions"]?.arrayValue?.first?["message"]?.stringValue?.hasPrefix("3 of 3 present (100.0 %)")
                == true)
        let many =
            (0..<150).map { Image(name: "i\($0)", present: 3) } + [Image(name: "bad", failed: [("tls", false, 3)])]
        let images = try Self.document(Self.facts(many))["images"]?.arrayValue
        #expect(images?.count == 100 && images?.first?["name"] == "bad")
    }
}
