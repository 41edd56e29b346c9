import ImageSets
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

    @Test("Of two entries with one name both are cached")
    func duplicates() throws {
        let decision = decide(["IMAGES": "web=nginx:1;web=nginx:2;api=redis;api=redis"])
        #expect(decision.images == ["web=nginx:1", "web-2=nginx:2", "api=redis"])
        #expect(
            decision.texts == [
                "IMAGES, entry 2 \"web=nginx:2\": entry 1 has the name web too; both are cached, this one as web-2. "
                    + "Next step: give it a name of its own.",
                "IMAGES, entry 4 \"api=redis\": entry 3 says the same; it has no effect. Next step: remove one of the two.",
            ])
        #expect(decision.findings.map(\.severity) == [.warning, .warning])
        // A name that somebody wrote isn't taken away.
        #expect(
            decide(["IMAGES": "web=nginx:1;web=nginx:2;web-2=redis"]).images
                == ["web=nginx:1", "web-3=nginx:2", "web-2=redis"])

        // The first is malformed: its name keeps what it has.
        let last = try accepted("web=nginx:0")
        let malformedFirst = decide(["IMAGES": "web=;web=nginx:2;api=redis"], last: last)
        #expect(malformedFirst.images == ["web=nginx:0", "web-2=nginx:2", "api=redis"])
        let malformedSecond = decide(["IMAGES": "web=nginx:2;web=;api=redis"], last: last)
        #expect(malformedSecond.images == ["web=nginx:2", "api=redis"])
    }

    @Test(
        "A list of more entries than can ever be used isn't read, and what is cached stays",
        arguments: ["x", "a=n=", "x=y:1"])
    func tooLong(entry: String) throws {
        let last = try accepted("web=nginx:1")
        let decision = decide(["IMAGES": String(repeating: entry + ";", count: 50_000)], last: last)
        #expect(decision.configuration == nil)
        #expect(
            decision.texts == [
                "IMAGES: the list has 50000 entries, and the limit is 4096. "
                    + "Next step: list fewer images; nothing changes until then."
            ])
    }

    @Test("Thousands of entries of one name get names of their own")
    func manyOfOneName() {
        let list = (1...4096).map { "web=nginx:\($0)" }.joined(separator: ";")
        let images = decide(["IMAGES": list]).images ?? []
        #expect(images.count == 4096 && images.first == "web=nginx:1" && images.last == "web-4096=nginx:4096")
    }

    @Test("Of thousands of unknown keys some are named")
    func unknownKeys() {
        var data = ["IMAGES": "web=nginx:1"]
        for number in 1...300 { data["K\(number)"] = "" }
        let decision = decide(data)
        #expect(decision.images == ["web=nginx:1"])
        #expect(decision.texts.count == 21)
        #expect(
            decision.texts.last
                == "data: 280 more unknown keys and annotations; they have no effect. Next step: remove them.")
        // One that must have been meant is found among them all the same.
        data["NODE_SELECTR"] = #"{"pool":"gpu"}"#
        let misspelt = decide(data)
        #expect(misspelt.isRejected && misspelt.texts.contains { $0.contains("rename NODE_SELECTR to NODE_SELECTOR") })
    }

    @Test("An entry without a name gets one from its repository")
    func nameless() throws {
        let list =
            "nginx;=quay.io/team/my_app:1.2 ; registry.example.com:5000/nginx@sha256:"
            + String(repeating: "a", count: 64)
        let decision = decide(["IMAGES": list])
        #expect(decision.configuration?.images.map(\.name) == ["nginx", "my-app", "nginx-2"])
        #expect(decision.findings.allSatisfy { $0.severity == .warning })
        #expect(
            decision.texts.first
                == "IMAGES, entry 1 \"nginx\": it has no name, and is called nginx. Next step: write nginx=nginx.")
        #expect(decide(["IMAGES": list], last: decision.configuration).configuration == decision.configuration)
        // A name that lost its reference is no image.
        let last = try accepted("api=redis:6")
        #expect(decide(["IMAGES": "web=nginx;api"], last: last).images == ["api=redis:6", "web=nginx"])
    }

    @Test("Renaming and reordering entries leaves their containers as they are")
    func renaming() throws {
        let last = try accepted("udi-1=a:1;udi-2=b:1;udi-3=c:1")
        let containers = [
            "docker.io/library/a:1": "udi-1", "docker.io/library/b:1": "udi-2", "docker.io/library/c:1": "udi-3",
        ]
        func check(_ list: String, _ names: [String], from last: Configuration) throws -> Configuration {
            let decision = decide(["IMAGES": list], last: last)
            let configuration = try #require(decision.configuration)
            #expect(configuration.images.map(\.name) == names)
            for image in configuration.images {
                let container = containers[image.reference.normalised]
                #expect(container == nil || container == image.container, "\(list): \(image)")
            }
            #expect(Set(configuration.images.map(\.container)).count == configuration.images.count)
            #expect(decide(["IMAGES": list], last: configuration).configuration == configuration)
            return configuration
        }
        // One new image renames all that follow.
        let longer = try check(
            "udi-1=new:1;udi-2=a:1;udi-3=b:1;udi-4=c:1", ["udi-2", "udi-3", "udi-4", "udi-1"], from: last)
        #expect(longer.images.last?.container == "udi-1-2")
        _ = try check("x9=c:1;q2=docker.io/library/b:1;k=a:1", ["k", "q2", "x9"], from: longer)
        let shorter = try check("udi-1=b:1;udi-2=c:1", ["udi-1", "udi-2"], from: last)
        // A new reference under a known name keeps the place and the container of what it replaces.
        let bumped = try check("udi-1=b:2;udi-2=c:1", ["udi-1", "udi-2"], from: shorter)
        #expect(bumped.images.map(\.container) == ["udi-2", "udi-3"])
    }

    @Test("What is kept for a wrong entry is never another image than the entry's")
    func renumberedAndWrong() throws {
        let last = try accepted("udi-1=a:1;udi-2=b:1;udi-3=c:1")
        // udi-2 was b, which is udi-1 now; the wrong entry is c, and keeps c.
        let decision = decide(["IMAGES": "udi-1=b:1;udi-2=c:!"], last: last)
        #expect(decision.images == ["udi-1=b:1", "udi-2=c:1"])
        // udi-2 was b, and is an image that nobody knows: nothing is released on account of it, nothing kept in its name.
        let other = decide(["IMAGES": "udi-1=a:1;udi-2=d:!;udi-3=c:1"], last: last)
        #expect(other.images == ["udi-1=a:1", "udi-2=b:1", "udi-3=c:1"])
        #expect(other.texts.first?.contains("it has no effect, for it is another image than udi-2 was") == true)
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
        #expect(decide(["IMAGES": "Web=nginx;=X"], last: nil).isRejected)
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
                    + "Next step: list fewer images, or shorten what NODE_SELECTOR, AFFINITY, TOLERATIONS and IMAGE_PULL_SECRETS say."
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
