import Shared
import Testing

@testable import NodeAgent

@Suite struct DockerConfigurationTests {
    private func credentials(_ json: String, for reference: String) throws -> [String] {
        let reference = try ImageReference(reference)
        return try DockerConfiguration(json: Array(json.utf8)).credentials
            .filter { $0.pattern.covers(reference) }
            .map { "\($0.config.username)/\($0.config.password)\($0.config.identityToken)" }
    }

    @Test func bothFormsAreRead() throws {
        // "user:pass:word" in base64
        let auths = #"{"auths":{"registry.example.com:5000":{"auth":"dXNlcjpwYXNzOndvcmQ="}}}"#
        #expect(try credentials(auths, for: "registry.example.com:5000/team/app:1") == ["user/pass:word"])
        let plain = #"{"https://registry.example.com":{"username":"u","password":"p","email":"e"}}"#
        #expect(try credentials(plain, for: "registry.example.com/app") == ["u/p"])
        let token = #"{"auths":{"r.io":{"identitytoken":"t"}},"credsStore":"desktop","HttpHeaders":{"a":"b"}}"#
        #expect(try credentials(token, for: "r.io/app") == ["/t"])
    }

    @Test(arguments: ["https://index.docker.io/v1/", "docker.io", "index.docker.io", "registry-1.docker.io/v2/"])
    func dockerHubHasManyNames(key: String) throws {
        let json = #"{"auths":{"\#(key)":{"username":"u","password":"p"}}}"#
        #expect(try credentials(json, for: "nginx") == ["u/p"])
        #expect(try credentials(json, for: "docker.io/team/app:2") == ["u/p"])
        #expect(try credentials(json, for: "quay.io/team/app:2") == [])
    }

    @Test func theMostSpecialKeyComesFirst() throws {
        let json = #"""
            {"auths":{"*.example.com":{"username":"c","password":"3"},
            "r.example.com":{"username":"b","password":"2"},
            "r.example.com/team":{"username":"a","password":"1"}}}
            """#
        #expect(try credentials(json, for: "r.example.com/team/app:1") == ["a/1", "b/2", "c/3"])
        #expect(try credentials(json, for: "r.example.com/other/app:1") == ["b/2", "c/3"])
        #expect(try credentials(json, for: "s.example.com/team/app:1") == ["c/3"])
        #expect(try credentials(json, for: "a.s.example.com/team/app:1") == [])
    }

    @Test(arguments: [
        ("registry:5000", "registry:5000/a", true), ("registry", "registry:5000/a", false),
        ("registry:5000", "registry:5001/a", false), ("http://REGISTRY.io/v2/", "registry.io/a", true),
        ("*.io", "quay.io/a/b", true), ("*.*.io", "quay.io/a/b", false), ("reg*y.io", "registry.io/a", true),
        ("localhost:5000", "localhost:5000/a", true), ("[::1]:5000", "[::1]:5000/a", true),
        ("quay.io/team/app", "quay.io/team/app:1", true), ("quay.io/team/app", "quay.io/team/other:1", false),
    ])
    func patternsCoverWhatTheKubeletsDo(key: String, reference: String, covers: Bool) throws {
        let pattern = try #require(RegistryPattern(key))
        #expect(try pattern.covers(ImageReference(reference)) == covers)
    }

    @Test(arguments: ["", "[]", "{", "\"text\"", "{\"auths\":{\"a\":1}", "null"])
    func whatIsNoConfigurationIsSaidToBeNone(json: String) {
        #expect(throws: DockerConfiguration.Failure.self) { try DockerConfiguration(json: Array(json.utf8)) }
    }

    @Test func entriesThatSayNothingAreSkipped() throws {
        let json =
            #"{"auths":{"a.io":{},"b.io":{"auth":"!!"},"c.io":"x","d.io":{"auth":"bm9jb2xvbg=="},"":{"username":"u"}}}"#
        #expect(try DockerConfiguration(json: Array(json.utf8)).credentials.isEmpty)
    }

    @Test(arguments: [
        ("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg", "foob"), ("Zm9v\nYmFy", "foobar"),
        ("Pz8_Pj4-", "???>>>"),
    ])
    func base64IsDecoded(text: String, plain: String) {
        #expect(Base64.decode(text) == Array(plain.utf8))
    }

    @Test(arguments: ["A", "Zg=", "Zg===", "Zg==Zg", "Z*==", "é"])
    func whatIsNoBase64IsRefused(text: String) { #expect(Base64.decode(text) == nil) }
}
