import Shared
import Testing

@Suite struct ImageReferenceTests {
    static let digest = "sha256:" + String(repeating: "0123456789abcdef", count: 4)
    static let long = "sha512:" + String(repeating: "0123456789abcdef", count: 8)

    @Test(arguments: [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:1.25", "docker.io/library/nginx:1.25"),
        ("library/nginx", "docker.io/library/nginx:latest"),
        ("docker.io/nginx", "docker.io/library/nginx:latest"),
        ("index.docker.io/nginx", "docker.io/library/nginx:latest"),
        ("index.docker.io/bitnami/redis:7", "docker.io/bitnami/redis:7"),
        ("docker.io:5000/nginx", "docker.io:5000/nginx:latest"),
        ("bitnami/redis", "docker.io/bitnami/redis:latest"),
        ("a/b/c/d", "docker.io/a/b/c/d:latest"),
        ("localhost/app", "localhost/app:latest"),
        ("localhost:5000/app", "localhost:5000/app:latest"),
        ("localhost", "docker.io/library/localhost:latest"),
        ("registry.example.com/team/app:v1", "registry.example.com/team/app:v1"),
        ("registry.example.com:5000/app", "registry.example.com:5000/app:latest"),
        ("registry.example.com:5000/app:v1.2-rc_3", "registry.example.com:5000/app:v1.2-rc_3"),
        ("REGISTRY.example.com/app", "REGISTRY.example.com/app:latest"),
        ("Registry/app", "Registry/app:latest"),
        ("127.0.0.1:5000/app", "127.0.0.1:5000/app:latest"),
        ("[::1]/app", "[::1]/app:latest"),
        ("[::1]:5000/app:v1", "[::1]:5000/app:v1"),
        ("[fd00:1234::ABCD]:443/app", "[fd00:1234::ABCD]:443/app:latest"),
        ("xn--7o8h.com/app", "xn--7o8h.com/app:latest"),
        ("nginx:Upper_Case.Tag-1", "docker.io/library/nginx:Upper_Case.Tag-1"),
        ("nginx:_", "docker.io/library/nginx:_"),
        ("x/a.b_c__d---e/f1", "docker.io/x/a.b_c__d---e/f1:latest"),
        ("nginx:5000", "docker.io/library/nginx:5000"),
        ("  nginx\n", "docker.io/library/nginx:latest"),
        ("nginx@" + digest, "docker.io/library/nginx@" + digest),
        ("nginx:1.25@" + digest, "docker.io/library/nginx@" + digest),
        ("localhost:5000/app:v1@" + digest, "localhost:5000/app@" + digest),
        ("localhost:5000/app@" + long, "localhost:5000/app@" + long),
    ])
    func whatRuntimesPrint(text: String, normalised: String) throws {
        let reference = try ImageReference(text)
        #expect(reference.normalised == normalised)
        #expect(reference.description == reference.written)
        #expect(reference.isMutable == !text.contains("@"))
        #expect(try ImageReference(normalised).normalised == normalised)
    }

    @Test func theParts() throws {
        let reference = try ImageReference("quay.io:443/team/app:v1@" + Self.digest)
        #expect(reference.registry == "quay.io:443")
        #expect(reference.repository == "team/app")
        #expect(reference.name == "quay.io:443/team/app")
        #expect(reference.tag == nil, "the digest decides")
        #expect(reference.digest == Self.digest)
        #expect(reference.written == "quay.io:443/team/app:v1@" + Self.digest)
        #expect(try ImageReference("team/app").tag == "latest")
    }

    static let refused: [(kind: ImageReferenceError.Kind, texts: [String])] = [
        (.empty, ["", " \n\t "]),
        (.characters, ["a b", "nginx\u{0}", "nginx\u{7F}", "ngïnx", "ｎginx", "a;b c=d"]),
        (
            .digest,
            [
                "nginx@", "nginx@latest", "nginx@sha256:abc", "nginx@\(digest)@\(digest)", "nginx@\(digest)0",
                "nginx@\(digest.dropLast())g", "nginx@\(digest.uppercased())",
                "nginx@md5:0123456789abcdef0123456789abcdef",
            ]
        ),
        (.tag, ["nginx:", "nginx:.x", "nginx:-x", "nginx:a+b", "nginx:" + String(repeating: "a", count: 129)]),
        (.upperCase, ["Nginx", "docker.io/library/Nginx", "team/App:v1"]),
        (
            .registry,
            [
                "-host.com/app", "host-.com/app", "ho..st/app", "ho_st.com/app", "a.b_c__d---e/f1", "host.com:/app",
                "host.com:0/app", "host.com:65536/app", "host.com:5a/app", "https://host.com/app", "[::1/app",
                "[::1]x:1/app", "[::g]:1/app",
            ]
        ),
        (
            .repository,
            [
                "/app", "app/", "a//b", "host.com/", "-app", "app-", "a..b", "a___b", "a._b", "a-_b", ".app", "a,b",
                "a=b", "a/./b", "nginx:a:b", "[]/app:x",
            ]
        ),
        (.imageID, [String(repeating: "a1b2", count: 16)]),
    ]

    @Test(arguments: refused)
    func whatIsRefused(kind: ImageReferenceError.Kind, texts: [String]) {
        for text in texts {
            let error = #expect(throws: ImageReferenceError.self, "\(text)") { try ImageReference(text) }
            #expect(error?.kind == kind, "\(error.map { "\($0)" } ?? "")")
            #expect(error?.text == text)
        }
    }

    @Test func errorsSayHowToPutItRight() {
        let error = #expect(throws: ImageReferenceError.self) { try ImageReference("Nginx") }
        #expect(error?.description == "invalid image reference \"Nginx\": the repository must be in lower case")
    }

    /// 255 bytes for registry, slash and repository, as in the distribution project.
    @Test func theLimitOfLength() throws {
        let fits = "host.com/" + String(repeating: "a", count: 255 - 9)
        #expect(try ImageReference(fits + ":tag@" + Self.digest).name.utf8.count == 255)
        let error = #expect(throws: ImageReferenceError.self) { try ImageReference(fits + "a") }
        #expect(error?.kind == .tooLong)
        #expect(try ImageReference("nginx:" + String(repeating: "a", count: 128)).tag?.count == 128)
    }

    /// 64 hexadecimal digits are an id only when they stand alone.
    @Test func idsAreRefusedOnlyAsWholeNames() throws {
        let id = String(repeating: "a1b2", count: 16)
        #expect(try ImageReference("host.com/\(id)").repository == id)
        #expect(try ImageReference(id + "0").repository == "library/\(id)0")
    }

    @Test func matchingIsByTagOrByDigest() throws {
        let tags = ["docker.io/library/nginx:latest", "docker.io/library/nginx:1.25"]
        let digests = ["docker.io/library/nginx@" + Self.digest]
        func matches(_ text: String) throws -> Bool {
            try ImageReference(text).matches(tags: tags, digests: digests)
        }
        #expect(try matches("nginx"))
        #expect(try matches("docker.io/nginx:1.25"))
        #expect(try !matches("nginx:1.26"))
        #expect(try !matches("other/nginx"))
        #expect(try matches("nginx@" + Self.digest))
        #expect(try matches("nginx:9.9@" + Self.digest), "the tag beside a digest says nothing")
        #expect(try !matches("nginx@" + Self.long))
        #expect(try !ImageReference("nginx:1.25@" + Self.digest).matches(tags: tags, digests: []))
    }
}
