import ImageSets
import Shared
import Testing

@testable import ConfigurationFixtures
@testable import ConfigurationParsing
@testable import TestBasics

@Suite("What is told of a configuration is bounded, however much is found") struct FindingBoundTests {
    /// Lists of which there's something to say for each entry.
    private static let lists: [String: @Sendable (Int) -> String] = [
        "equal images": { "i\($0)=registry.example.com/a:1" },
        "wrong references": { "i\($0)=registry.example.com/Upper\($0):1:2" },
        "no names": { "registry.example.com/team/app:\($0)" },
        "no names, in capitals": { "registry.example.com/team/App:\($0)" },
        "one name": { "web=registry.example.com/a:\($0)" },
        "repetitions": { _ in "web=registry.example.com/a:1" },
        "names that are none": { "I_\($0)=registry.example.com/a:\($0)" },
        "placeholders": { _ in "NAME-1=IMAGE-1" },
        "long names": { "\(String(repeating: "x", count: 58))\($0 / 2)=registry.example.com/a:\($0)" },
        "passwords": { "i\($0)=user:secret\($0)@registry.example.com/a:1" },
        "unreadable": { String(repeating: "é", count: 200) + "\($0)" },
    ]

    @Test("Of each kind of entry a hundred are told, and how many more there are", arguments: lists.keys.sorted())
    func entries(kind: String) throws {
        let entry = try #require(Self.lists[kind])
        let count = ImageListParser.mostEntries
        let lines = (1..<count).map(entry)
        let good = "good=registry.example.com/good:1"
        let last = try accepted(good + (1...1000).map { ";old-\($0)=registry.example.com/old:\($0)" }.joined())
        let list = ([good] + lines).joined(separator: ";\n")
        let all = ConfigurationParser(options: standardOptions).read(
            ConfigMapContent(data: ["IMAGES": list]), last: last
        ).findings
        let decision = decide(["IMAGES": list], last: last)
        let told = decision.findings
        #expect(all.count >= count / 2 - 2)
        #expect(told.count <= Finding.most + Finding.Severity.allCases.count)
        #expect(told.reduce(0) { $0 + $1.description.utf8.count } < 3 * Finding.mostBytes)
        #expect(told.reduce(0) { $0 + ($1.others ?? 1) } == all.count)
        #expect(told.contains { ($0.others ?? 0) > count / 3 && $0.description.contains("more ") })
        for severity in Finding.Severity.allCases {
            let some = told.filter { $0.severity == severity }
            #expect(some.reduce(0) { $0 + ($1.others ?? 1) } == all.count { $0.severity == severity })
            // In their order, and none is passed over.
            let ofEntries = all.filter { $0.severity == severity && $0.entry != nil }
            let toldOfEntries = some.filter { $0.others == nil && $0.entry != nil }
            #expect(toldOfEntries == Array(ofEntries.prefix(toldOfEntries.count)))
        }
        let errors = all.count { $0.severity == .error }
        let warnings = all.count { $0.severity == .warning }
        #expect(decision.summary.contains(errors == 0 ? "accepted" : "\(errors) error"))
        #expect(warnings == 0 || decision.isRejected || decision.summary.contains("\(warnings) warning"))
    }

    @Test("What has no effect is told before what is only worth knowing")
    func order() throws {
        let lines = (1...500).map { "i\($0)=registry.example.com/a:1" } + ["x=UPPER", "web=a;web=b"]
        let findings = decide(["IMAGES": lines.joined(separator: ";"), "COLOUR": "red"]).findings
        #expect(findings.count { $0.severity == .error } == 1)
        #expect(findings.contains { $0.severity == .warning && $0.key == "COLOUR" })
        let last = try #require(findings.last)
        #expect(last.others == 500 - 1 - (Finding.most - findings.count { $0.severity != .info }))
        #expect(
            last.description
                == "IMAGES: \(last.others ?? 0) more remarks. Next step: coordinator config check FILE shows all of them."
        )
    }

    @Test("A key that rejects the edit is told before any number of entries")
    func keysFirst() {
        let list = (1...500).map { "i\($0)=UPPER\($0)" }.joined(separator: ";")
        let decision = decide(["IMAGES": list, "NODE_SELECTOR": "{"])
        #expect(decision.isRejected && decision.findings.count == Finding.most + 1)
        #expect(decision.findings.contains { $0.key == "NODE_SELECTOR" })
        #expect(decision.texts.contains { $0.hasPrefix("IMAGES: none of the 500 entries is valid") })
        #expect(decision.texts.last?.hasPrefix("IMAGES: 402 more errors, from entry 99 on. ") == true)
    }

    @Test("Few are told as they are")
    func few() {
        let findings = (1...Finding.most).map {
            Finding(severity: .warning, key: "k", message: "m\($0)", nextStep: "n")
        }
        #expect(Finding.bounded(findings) == findings)
        let long = Finding(
            severity: .error, key: "k", message: String(repeating: "x", count: 1 << 20), nextStep: "n")
        let bounded = Finding.bounded(Array(repeating: long, count: 50))
        #expect(bounded.reduce(0) { $0 + $1.description.utf8.count } < 2 * Finding.mostBytes)
        #expect(bounded.reduce(0) { $0 + ($1.others ?? 1) } == 50)
    }

    @Test("So are those of an object, by its fields")
    func object() {
        let list: [JSONValue] = (1...4000).map { ["name": .string("i\($0)"), "image": "UPPER"] }
        let content = PullerObject.content(
            spec: ["imageList": .array(list + [["image": "nginx"]])], annotations: [:],
            place: PullerObject.Place(namespace: "k8s-image-puller", daemonSetName: "d"))
        let decision = ConfigurationParser(options: standardOptions).decide(content, last: nil) { _ in 0 }
        #expect(decision.images == ["nginx=nginx"])
        #expect(decision.findings.count == Finding.most + 1)
        #expect(decision.findings.allSatisfy { $0.key == "spec.imageList" })
        #expect(decision.findings.last?.message == "3900 more errors, from entry 101 on")
    }
}

@Suite("Entries keep their places as if each was compared with each") struct ImageOrderTests {
    /// The order as it is defined, in time that grows with the square.
    private static func order(_ images: [ImageEntry], after last: [ImageEntry]) -> [ImageEntry] {
        var successors: [Int: Int] = [:]
        func pair(_ isSame: (ImageEntry, ImageEntry) -> Bool) {
            for position in last.indices where successors[position] == nil {
                let taken = Set(successors.values)
                successors[position] = images.indices.first {
                    !taken.contains($0) && isSame(images[$0], last[position])
                }
            }
        }
        pair { $0.reference.normalised == $1.reference.normalised && $0.name == $1.name }
        pair { $0.reference.normalised == $1.reference.normalised }
        pair { $0.name == $1.name }
        let continued = last.indices.compactMap { successors[$0] }
        return (continued + images.indices.filter { !continued.contains($0) }).map { images[$0] }
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func asDefined(seed: UInt64) throws {
        var random = Seeded(state: seed)
        func list() throws -> [ImageEntry] {
            try (0..<Int.random(in: 0...12, using: &random)).map { _ in
                ImageEntry(
                    name: "n\(Int.random(in: 0..<6, using: &random))",
                    reference: try ImageReference("r:\(Int.random(in: 0..<6, using: &random))"))
            }
        }
        let (images, last) = (try list(), try list())
        let ordered = ImageListMerge.order(images, after: last)
        #expect(
            ordered.map { [$0.name, $0.reference.written] }
                == Self.order(images, after: last).map { [$0.name, $0.reference.written] })
    }
}
