import ClusterModel
import Shared
import Testing

/// The words are containerd's: the first ones were captured from a real 1.6.20.
@Suite struct MessageTests {
    private func failure(of reference: String, _ prepare: (inout ClusterModel) -> Void = { _ in }) throws -> PullFailure
    {
        var cluster = try Fixture.cluster()
        prepare(&cluster)
        cluster.startPull(node: "n1", reference: reference)
        return try #require(cluster.advance(to: 60).finishedPulls.first?.failure)
    }

    @Test func notFound() throws {
        let failure = try failure(of: "127.0.0.1:5000/nosuch:1") {
            $0.addRegistry(RegistryModel(host: "127.0.0.1:5000"))
        }
        #expect(failure.code == 5)
        #expect(
            failure.message
                == "failed to pull and unpack image \"127.0.0.1:5000/nosuch:1\": failed to resolve reference "
                + "\"127.0.0.1:5000/nosuch:1\": 127.0.0.1:5000/nosuch:1: not found")
    }

    @Test func connectionRefused() throws {
        let failure = try failure(of: "127.0.0.1:5999/x:1") {
            var registry = RegistryModel(host: "127.0.0.1:5999")
            registry.availability = .refusing
            $0.addRegistry(registry)
        }
        #expect(failure.code == 2)
        #expect(
            failure.message
                == "failed to pull and unpack image \"127.0.0.1:5999/x:1\": failed to resolve reference "
                + "\"127.0.0.1:5999/x:1\": failed to do request: Head \"http://127.0.0.1:5999/v2/x/manifests/1\": "
                + "dial tcp 127.0.0.1:5999: connect: connection refused")
    }

    @Test func badName() throws {
        let failure = try failure(of: "Bad_NAME:1")
        #expect(failure.code == 2)
        #expect(
            failure.message
                == "failed to parse image reference \"Bad_NAME:1\": invalid reference format: repository name must be "
                + "lowercase")
    }

    @Test func unknownHostAndMissingCredentialAndPlatform() throws {
        let unknown = try failure(of: "nosuch.invalid/x:1")
        #expect(unknown.message.hasSuffix(": no such host"))
        let refused = try failure(of: "registry.example.com/app:1") {
            $0.changeRegistry(Fixture.host) { $0.credential = Credential(username: "u", password: "secret") }
        }
        #expect(refused.message.hasSuffix("failed with status code [manifests 1]: 401 Unauthorized"))
        #expect(!refused.message.contains("secret"))
        let platform = try failure(of: "registry.example.com/app:1") {
            $0.addNode(NodeModel(name: "n1", platform: "linux/s390x"))
        }
        #expect(platform.cause == .noMatchingPlatform)
    }

    @Test func theRightCredentialIsLetIn() throws {
        var cluster = try Fixture.cluster()
        let credential = Credential(username: "u", password: "p")
        cluster.changeRegistry(Fixture.host) { $0.credential = credential }
        cluster.startPull(node: "n1", reference: "registry.example.com/app:1", credential: credential)
        let finished = cluster.advance(to: 60).finishedPulls
        #expect(finished.first?.image != nil)
        #expect(!"\(credential)".contains("p\""))
    }
}
