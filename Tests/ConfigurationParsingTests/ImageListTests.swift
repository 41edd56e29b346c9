import Planning
import Shared
import Testing

@testable import ConfigurationFixtures
@testable import ConfigurationParsing

@Suite("The image list")
struct ImageListTests {
    @Test("Spaces and newlines may stand around entries")
    func spaces() {
        let decision = decide(["IMAGES": "\n  web = nginx:1.25 ;\n\tapi=redis\n;\n"])
        #expect(decision.images == ["web=nginx:1.25", "api=redis"])
        #expect(decision.findings.isEmpty)
    }

    @Test("A malformed entry keeps the last good reference of its name; the others go on")
    func malformedEntry() throws {
        let last = try accepted("web=nginx:1.25;api=redis:7")
        let decision = decide(["IMAGES": "web=nginx:;api=redis:8;new=busybox;other=UPPER"], last: last)
        #expect(decision.images == ["web=nginx:1.25", "api=redis:8", "new=busybox"])
        #expect(
            decision.texts == [
                "IMAGES, entry 1 \"web=nginx:\": a tag is 1 to 128 letters, digits, '_', '.' and '-', and doesn't begin with "
                    + "'.' or '-'; web keeps its last good reference nginx:1.25. "
                    + "Next step: write a tag after ':', or leave the ':' out.",
                "IMAGES, entry 4 \"other=UPPER\": the repository must be in lower case; other is left out. "
                    + "Next step: write other=upper.",
            ])
        #expect(decision.findings.allSatisfy { $0.severity == .error })
    }

    @Test("Of duplicates the first counts")
    func duplicates() throws {
        let decision = decide(["IMAGES": "web=nginx:1;web=nginx:2;api=redis;api=redis"])
        #expect(decision.images == ["web=nginx:1", "api=redis"])
        #expect(
            decision.texts == [
                "IMAGES, entry 2 \"web=nginx:2\": entry 1 has the name web too, and of two the first counts; it has no effect. "
                    + "Next step: remove one of the two, or give it a name of its own.",
                "IMAGES, entry 4 \"api=redis\": entry 3 says the same; it has no effect. Next step: remove one of the two.",
            ])
        #expect(decision.findings.map(\.severity) == [.error, .warning])

        // The first is malformed: its name keeps what it has, and the second doesn't slip in.
        let last = try accepted("web=nginx:0")
        let malformedFirst = decide(["IMAGES": "web=;web=nginx:2;api=redis"], last: last)
        #expect(malformedFirst.images == ["web=nginx:0", "api=redis"])
        let malformedSecond = decide(["IMAGES": "web=nginx:2;web=;api=redis"], last: last)
        #expect(malformedSecond.images == ["web=nginx:2", "api=redis"])
    }

    @Test("A list without one valid entry rejects the edit")
    func noValidEntry() throws {
        let last = try accepted("web=nginx")
        let commas = decide(["IMAGES": "web=nginx:1,api=redis:7"], last: last)
        #expect(commas.isRejected)
        #expect(
            commas.texts == [
                "IMAGES, entry 1 \"web=nginx:1,api=redis:7\": entries are separated by ';', not by ','. "
                    + "Next step: write ';' for each ','.",
                "IMAGES: the only entry is not valid. Next step: put at least one right; nothing changes until then.",
            ])
        #expect(decide(["IMAGES": "Web=nginx;=x"], last: nil).isRejected)
    }

    @Test("A list becomes empty only with the annotation", arguments: [nil, "", " \n", ";", " ; ;\n"])
    func emptyList(text: String?) throws {
        let last = try accepted("web=nginx;api=redis")
        let data = text.map { ["IMAGES": $0] } ?? [:]
        let rejected = decide(data, last: last)
        #expect(rejected.isRejected)
        #expect(
            rejected.texts == [
                "IMAGES: \(text == nil ? "the key is missing" : "the list is empty"), which would release the 2 images that "
                    + "are cached. Next step: write the entries again, or set the annotation image-puller/allow-empty: "
                    + "\"true\" if you mean it."
            ])
        for value in ["True", "yes", "1", ""] {
            #expect(decide(data, annotations: ["image-puller/allow-empty": value], last: last).isRejected)
        }
        let allowed = decide(data, annotations: ["image-puller/allow-empty": "true"], last: last)
        #expect(allowed.images == [])
        #expect(allowed.findings.map(\.severity) == [.warning])
        // Nothing was cached, so nothing is released.
        #expect(decide(data, last: nil).images == [])
        #expect(decide(data, last: Configuration()).images == [])
    }

    @Test("The annotation doesn't excuse a list that is wrong")
    func allowEmptyIsForEmptyLists() throws {
        let last = try accepted("web=nginx")
        #expect(decide(["IMAGES": "web"], annotations: ["image-puller/allow-empty": "true"], last: last).isRejected)
    }

    @Test("A misspelt annotation is named")
    func misspeltAnnotation() {
        let decision = decide(["IMAGES": "a=b"], annotations: ["image-puller/allow-emtpy": "true", "other": "x"])
        #expect(
            decision.texts == [
                "annotation image-puller/allow-emtpy: it has no effect. Next step: did you mean image-puller/allow-empty?"
            ])
    }

    @Test("Names of our own containers are reserved", arguments: ["image-puller-agent", "image-puller-copy-sleep"])
    func reservedNames(name: String) {
        let decision = decide(["IMAGES": "web=nginx;\(name)=busybox"])
        #expect(decision.images == ["web=nginx"])
        #expect(
            decision.texts == [
                "IMAGES, entry 2 \"\(name)=busybox\": \(name) is the name of our own container; \(name) is left out. "
                    + "Next step: choose another name for the image."
            ])
    }

    @Test(
        "What can't be read could have been meant for any entry, so none is released",
        arguments: [
            "web=nginx;api=redis db=postgres",  // a lost semicolon
            "web=nginx;api=redis,db=postgres",
            "web=nginx;api=redisdb=postgres",
            "web=nginx;Api=redis",
            "web=nginx;#api=redis",
            "web=nginx;api",
            "web=nginx;redis:7",
            "web=nginx;=redis",
            "web=nginx;a_pi=redis",
        ])
    func unreadable(list: String) throws {
        let last = try accepted("api=redis:6;web=nginx:1;db=postgres:15")
        let decision = decide(["IMAGES": list], last: last)
        #expect(decision.images == ["api=redis:6", "web=nginx", "db=postgres:15"])
        #expect(decision.findings.map(\.severity) == [.error, .warning])
        #expect(
            decision.texts.last
                == "IMAGES: api, db: missing from the list, and kept, for entry 2 can't be read and may have been meant for "
                + "them. Next step: put the unreadable entry right; what is missing from a readable list is released.")
    }

    @Test("Entries keep the place of their first acceptance")
    func order() throws {
        let last = try accepted("b=redis;a=nginx;c=busybox")
        let decision = decide(["IMAGES": "new=alpine;a=nginx:2;c=busybox;b=redis;zz=alpine:3"], last: last)
        #expect(decision.images == ["b=redis", "a=nginx:2", "c=busybox", "new=alpine", "zz=alpine:3"])
        let removed = decide(["IMAGES": "c=busybox;a=nginx"], last: last)
        #expect(removed.images == ["a=nginx", "c=busybox"])
        // What was removed and comes back is new.
        #expect(decide(["IMAGES": "b=redis;a=nginx;c=busybox"], last: removed.configuration).images?.last == "b=redis")
    }

    @Test("One image under two names is remarked on")
    func sameImage() {
        let decision = decide(["IMAGES": "a=nginx;b=docker.io/library/nginx:latest"])
        #expect(decision.findings.map(\.severity) == [.info])
        #expect(decision.texts.first?.contains("b and a are the same image") == true)
    }

    @Test(
        "Passwords are never echoed",
        arguments: [
            "web=bob:hunter2@registry.example.com/app:1", "bob:hunter2@registry.example.com/app",
            "web=https://bob:hunter2@registry.example.com/app", "bob:hunter2=@registry.example.com/app",
            "web=bob:hu/nter2:hunter2@registry/app", "web=hunter2@registry.example.com/app",
            "web=nginx,api=bob:hunter2@h/a,b=c:hunter2@d/e", "web=nginx api=bob:hunter2@h/a",
            "=bob:hunter2@h/a", "Web=bob:hunter2@h/a", "web=bob:hunter2@h/a@sha256:12",
            "web=nginx;web=bob:hunter2@h/a",
        ])
    func passwords(list: String) throws {
        let last = try accepted("web=nginx")
        for decision in [decide(["IMAGES": list]), decide(["IMAGES": "ok=busybox;\(list)"], last: last)] {
            #expect(!decision.texts.isEmpty)
            #expect(!decision.texts.joined().contains("hunter2"), "\(decision.texts)")
        }
    }

    @Test("Credentials in a reference have a message of their own")
    func credentials() {
        #expect(
            decide(["IMAGES": "ok=busybox;web=bob:pw@registry.example.com/app:1"]).texts == [
                "IMAGES, entry 2 \"web=bob:***@registry.example.com/app:1\": a reference holds no user's name and password before '@'; "
                    + "web is left out. Next step: remove them, put them into a secret, and name it in IMAGE_PULL_SECRETS."
            ])
    }

    @Test("A template that is too large rejects the edit")
    func templateSize() throws {
        let parser = ConfigurationParser(options: standardOptions)
        let content = ConfigMapContent(data: ["IMAGES": "a=nginx;b=redis"])
        let limit = ConfigurationParser.maximumTemplateBytes
        #expect(!parser.decide(content, last: nil, templateBytes: { _ in limit }).isRejected)
        let decision = parser.decide(content, last: nil, templateBytes: { limit / 2 * $0.images.count + 1 })
        #expect(decision.isRejected)
        #expect(
            decision.texts == [
                "IMAGES: the pod template would have 524289 bytes with 2 images, and the limit is 524288. "
                    + "Next step: list fewer images, or shorten what NODE_SELECTOR, AFFINITY and TOLERATIONS say."
            ])
    }

    @Test("Entries keep the order of their first acceptance, which is that of the pod's containers")
    func orderOfAcceptance() throws {
        func entries(_ names: [String]) throws -> [ImageEntry] {
            try names.map { ImageEntry(name: $0, reference: try ImageReference($0)) }
        }
        let images = try entries(["d", "c", "b", "a"])
        let last = try entries(["b", "gone", "d"])
        #expect(ImageListMerge.order(images, after: last).map(\.name) == ["b", "d", "c", "a"])
        #expect(ImageListMerge.order(images, after: []).map(\.name) == ["d", "c", "b", "a"])
    }
}
