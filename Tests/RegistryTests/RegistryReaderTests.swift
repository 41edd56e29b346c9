import Foundation
import Shared
import Synchronization
import Testing

@testable import KubernetesFixtures
@testable import Registry

@Suite("What registries tell of images") struct RegistryReaderTests {
    /// Where the server listens, for its own answers.
    private final class Address: Sendable {
        let host = Mutex("")
    }

    private static let index = """
        {"manifests": [
          {"digest": "sha256:amd", "platform": {"os": "linux", "architecture": "amd64"}},
          {"digest": "sha256:arm", "platform": {"os": "linux", "architecture": "arm64"}},
          {"digest": "sha256:win", "platform": {"os": "windows", "architecture": "amd64"}},
          {"digest": "sha256:sig", "platform": {"os": "unknown", "architecture": "unknown"}}]}
        """

    private static func manifest(_ sizes: Int...) -> String {
        let layers = sizes.map { "{\"digest\": \"sha256:l\", \"size\": \($0)}" }.joined(separator: ",")
        return "{\"config\": {\"digest\": \"sha256:c\", \"size\": 7}, \"layers\": [\(layers)]}"
    }

    private static func login(_ key: String, _ user: String = "u", _ password: String = "p") -> String {
        "\"\(key)\": {\"auth\": \"\(Data("\(user):\(password)".utf8).base64EncodedString())\"}"
    }

    private static func credentials(_ logins: String...) throws -> RegistryCredentials {
        try RegistryCredentials(json: Data("{\"auths\": {\(logins.joined(separator: ","))}}".utf8))
    }

    @Test("A registry that wants tokens gives them for the login, and each manifest that is wanted is read once")
    func bearer() async throws {
        let basic = "Basic \(Data("u:p".utf8).base64EncodedString())"
        let address = Address()
        try await ScriptedServer.run { asked, _ in
            if asked.path == "/token" {
                guard asked.headers.values.contains(basic) else { return .json("{}", status: 401) }
                return .json(#"{"access_token": "t0ken"}"#)
            }
            guard asked.headers.values.contains("Bearer t0ken") else {
                let host = address.host.withLock(\.self)
                let challenge =
                    #"Bearer realm="http://\#(host)/token",service="r",scope="repository:team/app:pull""#
                return .json("{}", status: 401, headers: ["WWW-Authenticate": challenge])
            }
            switch asked.path {
            case "/v2/team/app/manifests/1": return .json(Self.index)
            case "/v2/team/app/manifests/sha256:amd": return .json(Self.manifest(100, 20))
            case "/v2/team/app/manifests/sha256:arm": return .json(Self.manifest(300))
            default: return .json("{}", status: 404)
            }
        } _: { url, server in
            let host = String(url.dropFirst("http://".count))
            address.host.withLock { $0 = host }
            let reference = try ImageReference("\(host)/team/app:1")
            var reader = RegistryReader()
            reader.credentials = try Self.credentials(Self.login(host))
            #expect(try await reader.sizes(of: reference) == ["amd64": 127, "arm64": 307])
            let before = server.requests.count
            #expect(try await reader.sizes(of: reference, architectures: ["arm64", "riscv64"]) == ["arm64": 307])
            // A refusal, the token, the index and one manifest.
            #expect(server.requests.count - before == 4)
            #expect(server.requests.filter { $0.path == "/token" }.allSatisfy { $0.query["service"] == "r" })
            await Self.expect(reader, "\(host)/team/absent:1", "\(host) doesn't have it")
            reader.credentials = RegistryCredentials()
            await Self.expect(reader, String(describing: reference.written), "gives no token (status 401)")
        }
    }

    @Test("A redirect is followed, and the registry's credentials don't go along")
    func redirect() async throws {
        try await ScriptedServer.run { asked, _ in
            let isKnown = asked.headers.values.contains { $0.hasPrefix("Basic ") }
            switch asked.path {
            case "/storage": return isKnown ? .json("{}", status: 500) : .json(#"{"architecture": "arm64"}"#)
            case _ where !isKnown: return .json("{}", status: 401, headers: ["WWW-Authenticate": "Basic realm=\"r\""])
            case "/v2/app/manifests/1": return .json(Self.manifest(50))
            case "/v2/app/blobs/sha256:c": return .json("{}", status: 307, headers: ["Location": "/storage"])
            case "/v2/loop/manifests/1":
                return .json("{}", status: 302, headers: ["Location": "/v2/loop/manifests/1"])
            default: return .json("{}", status: 404)
            }
        } _: { url, _ in
            let host = String(url.dropFirst("http://".count))
            var reader = RegistryReader()
            reader.credentials = try Self.credentials(Self.login(host))
            #expect(try await reader.sizes(of: try ImageReference("\(host)/app:1")) == ["arm64": 57])
            await Self.expect(reader, "\(host)/loop:1", "\(host)")
        }
    }

    @Test(
        "Each kind of refusal has its own words",
        arguments: [(403, "refuses"), (429, "too many requests"), (503, "503")])
    func refusals(status: Int, words: String) async throws {
        try await ScriptedServer.run { _, _ in
            .json("{}", status: status)
        } _: { url, _ in
            await Self.expect(RegistryReader(), "\(url.dropFirst("http://".count))/app:1", words)
        }
    }

    @Test("What is no manifest is told as such")
    func rubbish() async throws {
        try await ScriptedServer.run { asked, _ in
            .json(asked.path.contains("/list/") ? "[1]" : #"{"hello": "world"}"#)
        } _: { url, _ in
            for name in ["list", "object"] {
                await Self.expect(RegistryReader(), "\(url.dropFirst("http://".count))/\(name):1", "no manifest")
            }
        }
    }

    @Test("A registry that can't be reached is asked once, for however many images")
    func outage() async throws {
        let outages = RegistryOutages()
        #expect(outages["r"] == nil)
        let reader = RegistryReader()
        // The discard port of loopback: nobody listens. The words are the same for both, so that they can be told once.
        await Self.expect(reader, "127.0.0.1:9/a:1", "127.0.0.1:9 can't be asked: ")
        await Self.expect(reader, "127.0.0.1:9/b:1", "127.0.0.1:9 can't be asked: ")
        for reader in [reader, RegistryReader()] {
            do {
                _ = try await reader.sizes(of: try ImageReference("127.0.0.1:9/a:1"))
            } catch {
                #expect(!"\(error)".contains("manifests"), "\(error)")
            }
        }
    }

    @Test("A registry elsewhere is asked by plain http where somebody said so; else it's told how to say it")
    func plainHTTP() async throws {
        let address = Address()
        let isAstray = Mutex(false)
        try await ScriptedServer.run { asked, _ in
            if asked.path == "/token" { return .json(#"{"token": "t0ken"}"#) }
            guard asked.headers.values.contains("Bearer t0ken") else {
                let realm = isAstray.withLock(\.self) ? "elsewhere.test" : address.host.withLock(\.self)
                let challenge = "Bearer realm=\"http://\(realm)/token\""
                return .json("{}", status: 401, headers: ["WWW-Authenticate": challenge])
            }
            return .json(Self.manifest(50))
        } _: { url, server in
            // libcurl takes every name below localhost for this machine; we don't.
            let host = "registry.localhost:\(url.split(separator: ":").last ?? "")"
            address.host.withLock { $0 = host }
            let reference = try ImageReference("\(host)/app:1")
            await Self.expect(RegistryReader(), reference.written, "--plain-http \(host))")
            #expect(server.requests.isEmpty)
            var reader = RegistryReader()
            reader.plainRegistries = [host]
            reader.credentials = try Self.credentials(Self.login(host))
            #expect(try await reader.sizes(of: reference) == ["any": 57])
            // Credentials go nowhere else in the clear.
            isAstray.withLock { $0 = true }
            await Self.expect(reader, reference.written, "no safe place")
            #expect(!server.requests.contains { $0.headers["Host"]?.contains("elsewhere") ?? false })
        }
    }

    @Test("Of several logins the one for the longest path counts; helpers are told apart; nothing is quoted")
    func logins() throws {
        let credentials = try Self.credentials(
            Self.login("https://index.docker.io/v1/", "hub"), Self.login("r.example.com", "whole"),
            Self.login("r.example.com/team", "team"), Self.login("https://r.example.com/team/deep/", "deep"))
        func user(_ reference: String) throws -> String? {
            let basic = credentials.authorization(for: try ImageReference(reference))
            return basic.flatMap { Data(base64Encoded: String($0.dropFirst(6))) }
                .map { String(decoding: $0.prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self) }
        }
        #expect(try user("nginx") == "hub")
        #expect(try user("r.example.com/other:1") == "whole")
        #expect(try user("r.example.com/team/app:1") == "team")
        #expect(try user("r.example.com/team/deep/app:1") == "deep")
        #expect(try user("r.example.com/teamwork/app:1") == "whole")
        #expect(try user("elsewhere.example.com/app:1") == nil)
        #expect(!credentials.usesHelpers)
        #expect(try RegistryCredentials(json: Data(#"{"credHelpers": {"a": "ecr"}}"#.utf8)).usesHelpers)
        for text in ["", "[]", #"{"auths": {"r": "s3cret"}}"#] {
            do {
                _ = try RegistryCredentials(json: Data(text.utf8))
                Issue.record("\(text) is taken")
            } catch {
                #expect(error is RegistryFault && !"\(error)".contains("s3cret"))
            }
        }
    }

    private static func expect(
        _ reader: RegistryReader, _ reference: String, _ words: String, _ location: SourceLocation = #_sourceLocation
    ) async {
        do {
            let sizes = try await reader.sizes(of: try ImageReference(reference))
            Issue.record("\(reference) has \(sizes)", sourceLocation: location)
        } catch {
            #expect("\(error)".contains(words), "\(error)", sourceLocation: location)
        }
    }

    @Test("Whatever a registry answers, it is read within bounds or told as a fault, in one line")
    func hostile() async throws {
        let entries = (0..<2000).map { number in
            #"{"digest": "sha256:\#(number)", "platform": {"os": "linux", "architecture": "made-up-\#(number)"}}"#
        }.joined(separator: ",")
        let endless = String(repeating: "[", count: 1 << 20)
        try await ScriptedServer.run { asked, _ in
            switch asked.path {
            case "/v2/a/manifests/endless":
                return Answer(parts: (0..<64).map { _ in .text(endless) })
            case "/v2/a/manifests/nested": return .json(String(repeating: #"{"manifests":["#, count: 100_000))
            case "/v2/a/manifests/many": return .json(#"{"manifests": [\#(entries)]}"#)
            case "/v2/a/manifests/sizes":
                return .json(
                    #"{"layers": [{"digest": "d", "size": 9223372036854775807}, {"digest": "e", "size": 9223372036854775807}]}"#
                )
            case "/v2/a/manifests/negative":
                return .json(#"{"layers": [{"digest": "d", "size": -9223372036854775808}]}"#)
            case "/v2/a/manifests/challenge":
                return .json(
                    "{}", status: 401, headers: ["WWW-Authenticate": "Bearer realm=\"file:///etc/passwd\",=,\""])
            case "/v2/a/manifests/elsewhere":
                return .json("{}", status: 302, headers: ["Location": "file:///etc/passwd"])
            case "/v2/a/manifests/cut": return .stream(.text("{"), .drop)
            default: return .json(#"{"layers": []}"#)
            }
        } _: { url, server in
            let host = String(url.dropFirst("http://".count))
            func sizes(_ tag: String) async throws -> [String: Int64] {
                try await RegistryReader().sizes(of: try ImageReference("\(host)/a:\(tag)"))
            }
            for tag in ["endless", "nested", "challenge", "elsewhere", "cut"] {
                do {
                    _ = try await sizes(tag)
                    Issue.record("\(tag) was read")
                } catch let fault as RegistryFault {
                    #expect(fault.description.utf8.count < 1000 && !fault.description.contains("\n"), "\(tag)")
                }
            }
            let before = server.requests.count
            #expect(try await sizes("many").count == RegistryReader.maximumArchitectures)
            #expect(server.requests.count - before == RegistryReader.maximumArchitectures + 1)
            #expect(try await sizes("sizes") == ["any": 1 << 50])
            #expect(try await sizes("negative") == ["any": 0])
        }
    }
}
