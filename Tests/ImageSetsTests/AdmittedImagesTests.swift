import Cluster
import Shared
import Testing

@testable import ImageSets

@Suite("What pods name in place of what is written") struct AdmittedImagesTests {
    private static func configuration(_ images: [(String, String)]) throws -> Configuration {
        var configuration = Configuration()
        configuration.images = try images.map { ImageEntry(name: $0.0, reference: try ImageReference($0.1)) }
        return configuration
    }

    @Test("Entries keep their names and containers, and are of the image that pods name")
    func applied() throws {
        let configuration = try Self.configuration([("web", "nginx:1"), ("db", "redis"), ("other", "quay.io/a/b:1")])
        var images = AdmittedImages()
        #expect(images.note(written: try ImageReference("nginx:1"), named: "mirror.example/hub/library/nginx:1"))
        #expect(images.note(written: try ImageReference("redis"), named: "mirror.example/hub/library/redis:latest"))
        // Another spelling of the same image is no other image.
        #expect(!images.note(written: try ImageReference("quay.io/a/b:1"), named: "quay.io/a/b:1"))
        #expect(!images.note(written: try ImageReference("nginx:1"), named: "docker.io/library/nginx:1"))
        #expect(!images.note(written: try ImageReference("nginx:1"), named: "NOT AN IMAGE"))
        let named = images.applied(to: configuration)
        #expect(named.images.map(\.name) == ["web", "db", "other"])
        #expect(named.images.map(\.container) == ["web", "db", "other"])
        #expect(
            named.images.map(\.reference.normalised) == [
                "mirror.example/hub/library/nginx:1", "mirror.example/hub/library/redis:latest", "quay.io/a/b:1",
            ])
        #expect(AdmittedImages().applied(to: configuration) == configuration)
        #expect(
            images.rules(in: configuration) == [
                AdmittedImages.Rule(from: "docker.io/", to: "mirror.example/hub/", entries: ["web", "db"])
            ])
    }

    @Test(
        "A rule is what names begin with, as far as they end alike",
        arguments: [
            ("a.io/x/y:1", "b.io/x/y:1", "a.io/", "b.io/"), ("a.io/x/y:1", "b.io/z/y:1", "a.io/x/", "b.io/z/"),
            ("a.io/x/y:1", "a.io/x/y:2", "a.io/x/y:1", "a.io/x/y:2"),
            ("a.io/y:1", "b.io/a.io/y:1", "a.io/", "b.io/a.io/"),
        ])
    func rule(_ written: String, _ named: String, _ from: String, _ to: String) throws {
        var images = AdmittedImages()
        images.note(written: try ImageReference(written), named: named)
        let rules = images.rules(in: try Self.configuration([("x", written)]))
        #expect(rules == [AdmittedImages.Rule(from: from, to: to, entries: ["x"])])
    }

    @Test("The kubelet's words for an image that it may not pull name it")
    func missing() {
        var container = ContainerView()
        container.waitingReason = "ErrImageNeverPull"
        container.waitingMessage = #"Container image "mirror.example/a:1" is not present with pull policy of Never"#
        #expect(container.missingImage == "mirror.example/a:1")
        container.waitingMessage = "something else"
        #expect(container.missingImage == nil)
        container.waitingReason = "ImagePullBackOff"
        container.waitingMessage = #"Back-off pulling image "a:1""#
        #expect(container.missingImage == nil)
    }
}
