import FoundationEssentials
import Shared
import Testing
@testable import Control
@testable import KubernetesClient
@testable import KubernetesFixtures

/// The quick reader and the decoder must read the same.
@Suite("Reading pods and nodes field by field") struct ReadableResourceTests {
    private func both<Resource: ReadableResource & Equatable>(_ type: Resource.Type, _ name: String) throws -> Resource
    {
        var reader = JSONFieldReader(Array(try Facts.text(name).utf8))
        let read = try #require(try Resource.resource(&reader))
        try reader.end()
        #expect(read == (try Facts.decode(Resource.self, name)))
        return read
    }

    @Test(arguments: [
        "pod.ImagePullBackOff.json", "pod.ErrImagePull.json", "pod.on-notready-node.json", "pod.variants.json",
    ])
    func pods(name: String) throws {
        let pod = try both(Pod.self, name)
        #expect(pod.status?.containerStatuses?.isEmpty == false && pod.spec?.containers?.isEmpty == false)
        var reader = JSONFieldReader(Array(try Facts.text(name).utf8))
        #expect(try ListedPod.resource(&reader)?.view == ListedPod(pod).view)
    }

    @Test(arguments: ["node.json", "node.notready.json"])
    func nodes(name: String) throws {
        #expect(try both(Node.self, name).status?.conditions?.isEmpty == false)
    }

    @Test("A page of a list is what the decoder makes of it")
    func pages() throws {
        let body = Array(try Facts.text("pods.ready.json").utf8)
        let page = try Pod.page(body)
        let decoded = try JSONDecoder().decode(ListPage<Pod>.self, from: Data(body))
        #expect(page.items == decoded.items && page.items?.count == 3)
        #expect(page.kind == decoded.kind && page.metadata == decoded.metadata)
    }

    @Test("A page without items is no list, one with null is empty, and what is broken is told without its content")
    func oddPages() throws {
        func page(_ text: String) throws -> ListPage<Pod> { try Pod.page(Array(text.utf8)) }
        #expect(try page(#"{"kind":"PodList","metadata":{"resourceVersion":"7"}}"#).items == nil)
        #expect(try page(#"{"metadata":{"resourceVersion":"7","continue":"x"},"items":null}"#).items == [])
        for text in ["", "[]", "{", #"{"items":[null]}"#, #"{"items":[{"metadata":5}]}"#, #"{"items":[]} secret"#] {
            let error = #expect(throws: (any Error).self) { try page(text) }
            if let error { #expect(!describeDecoding(error).contains("secret")) }
        }
    }

    @Test("Lines of a watch are read alike, in whatever order their parts come")
    func watches() throws {
        var count = 0
        for line in try Facts.text("watch.pods.rv0.ndjson").split(separator: "\n") {
            let read = try Pod.watchLine(Array(line.utf8))
            let decoded = try JSONDecoder().decode(WatchLine<Pod>.self, from: Data(line.utf8))
            switch (read, decoded) {
            case (.added(let one), .added(let other)), (.modified(let one), .modified(let other)),
                (.deleted(let one), .deleted(let other)):
                #expect(one == other)
                count += 1
            case (.bookmark(let one, let ends), .bookmark(let other, let othersEnds)):
                #expect(one == other && ends == othersEnds)
            case (.error(let one), .error(let other)): #expect(one == other)
            default: Issue.record("read as another kind of line")
            }
        }
        #expect(count > 0)
        let turned = #"{"object":{"metadata":{"name":"p"}},"type":"DELETED"}"#
        guard case .deleted(let pod) = try Pod.watchLine(Array(turned.utf8)) else {
            Issue.record("no deletion")
            return
        }
        #expect(pod.metadata.name == "p")
        #expect(throws: (any Error).self) { try Pod.watchLine(Array(#"{"type":"WHAT","object":{}}"#.utf8)) }
    }

    @Test("An object that is nested without end is read as far as it counts, and keeps none beside it from being read")
    func nested() throws {
        let endless = String(repeating: #"{"a":["#, count: 5_000) + "1" + String(repeating: "]}", count: 5_000)
        func object(_ name: String, _ affinity: String) -> String {
            #"{"metadata":{"name":"\#(name)","namespace":"team"},"spec":{"images":"a=nginx","affinityObject":\#(affinity),"#
                + #""number":-1.5,"whole":9007199254740993,"flag":true,"none":null},"status":{"conditions":[]}}"#
        }
        let plain = #"{"nodeAffinity":{"x":["\u00e9"]}}"#
        let text =
            "{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[\(object("x", endless)),\(object("y", plain))]}"
        let items = try #require(try KubernetesImagePuller.page(Array(text.utf8)).items)
        #expect(
            items.map(\.metadata.name) == ["x", "y"] && items.map { $0.spec?["images"] } == ["a=nginx", "a=nginx"])
        #expect(items[1] == (try JSONDecoder().decode(KubernetesImagePuller.self, from: Data(object("y", plain).utf8))))
        let line = #"{"type":"MODIFIED","object":\#(object("x", endless))}"#
        guard case .modified(let watched) = try KubernetesImagePuller.watchLine(Array(line.utf8)) else {
            Issue.record("no change")
            return
        }
        #expect(watched == items[0])
    }

    @Test("An Event of a kind that nobody knows keeps none beside it from being read")
    func strangeEvents() throws {
        let text = """
            {"metadata":{"resourceVersion":"7"},"items":[{"metadata":{"name":"x"},"involvedObject":{},"type":"Strange"},
            {"metadata":{"name":"y"},"involvedObject":{},"type":"Warning"}]}
            """
        #expect(try Event.page(Array(text.utf8)).items?.map(\.type) == [.normal, .warning])
    }
}
