import FoundationEssentials
import Shared
import SwiftASN1
import Testing
import X509

@testable import Certificates

@Suite("Certificates") struct CertificateMakerTests {
    static let now = Date(timeIntervalSince1970: 1_800_000_000)
    static let names: Set<String> = ["image-puller.ns.svc", "localhost", "127.0.0.1", "fd00::1", "192.0.2.7"]

    static func state() throws -> CertificateState {
        var state = CertificateState()
        let (policy, maker) = (CertificatePolicy(), CertificateMaker())
        try state.carryOut(.makeAuthority, policy, maker: maker, names: names, now: now)
        try state.carryOut(.prepareNext, policy, maker: maker, names: names, now: now)
        state.nextPublished = now
        return state
    }

    @Test("ECDSA P-256, for servers alone, with all names, signed by an authority that signs no other authority")
    func content() throws {
        let state = try Self.state()
        let authority = try Certificate(pemEncoded: try #require(state.authority).certificate)
        let serving = try Certificate(pemEncoded: try #require(state.serving).certificate)
        #expect(authority.signatureAlgorithm == .ecdsaWithSHA256 && serving.signatureAlgorithm == .ecdsaWithSHA256)
        #expect(authority.publicKey.isValidSignature(serving.signature, for: serving))
        #expect(try authority.extensions.basicConstraints == .isCertificateAuthority(maxPathLength: 0))
        #expect(try serving.extensions.basicConstraints == .notCertificateAuthority)
        #expect(try serving.extensions.extendedKeyUsage?.contains(.serverAuth) == true)
        #expect(state.serving?.names == Self.names)
        #expect(serving.notValidBefore == Self.now - 86_400)
        #expect(state.authority?.certificate != state.next?.certificate)
        let next = try Certificate(pemEncoded: try #require(state.next).certificate)
        #expect(authority.subject != next.subject)
    }

    @Test("What is written is read back as it was")
    func roundTrip() throws {
        var state = try Self.state()
        state.former = [.init(certificate: try #require(state.next).certificate, until: Self.now + 100)]
        let reading = CertificateSecret.read(try Self.data(state))
        #expect(reading.problems == [])
        #expect(reading.state == state)
    }

    @Test("Times that no calendar has are read and written again", arguments: [Int64.max, .min])
    func extremes(seconds: Int64) throws {
        var state = try Self.state()
        state.former = [.init(certificate: try #require(state.next).certificate, until: Self.now)]
        var data = try Self.data(state)
        let notes = String(decoding: try #require(data["rotation.json"]), as: UTF8.self)
            .replacing(/:[0-9]{10}/, with: ":\(seconds)")
        data["rotation.json"] = Data(notes.utf8)
        let reading = CertificateSecret.read(data)
        #expect(reading.problems == [] && reading.state.former.count == 1 && reading.state.nextPublished != nil)
        #expect(try Self.data(reading.state)["rotation.json"]?.isEmpty == false)
    }

    static func data(_ state: CertificateState) throws -> [String: Data] {
        guard case .object(let values) = try CertificateSecret.data(state) else { return [:] }
        return values.compactMapValues { $0.stringValue.flatMap { Data(base64Encoded: $0) } }
    }

    @Test(
        "Damage is told, and what is sound is used",
        arguments: [
            ("ca.crt", "garbage", "ca", false), ("ca.key", "garbage", "ca", false), ("ca.key", nil, "ca", false),
            ("tls.key", "garbage", "tls", true), ("tls.crt", nil, "tls", true),
            ("rotation.json", "{", "rotation", true),
            ("next-ca.crt", "", "next-ca", true),
        ] as [(String, String?, String, Bool)])
    func damage(key: String, value: String?, problem: String, keepsAuthority: Bool) throws {
        var data = try Self.data(try Self.state())
        data[key] = value.map { Data($0.utf8) }
        let reading = CertificateSecret.read(data)
        #expect(reading.problems.contains { $0.hasPrefix(problem) })
        #expect((reading.state.authority != nil) == keepsAuthority)
    }

    @Test("A key of another certificate, and a certificate of another authority, are damage")
    func mixture() throws {
        var data = try Self.data(try Self.state())
        let other = try Self.data(try Self.state())
        data["tls.key"] = other["tls.key"]
        #expect(CertificateSecret.read(data).problems == ["tls has a private key of another certificate"])
        data["tls.crt"] = other["tls.crt"]
        let reading = CertificateSecret.read(data)
        #expect(reading.problems == ["tls.crt isn't signed by ca.crt"])
        #expect(reading.state.serving == nil && reading.state.authority != nil)
    }

    @Test("Nothing that prints a certificate prints its key")
    func secrecy() throws {
        let state = try Self.state()
        var text = "\(state) \(String(reflecting: state))"
        dump(state, to: &text)
        let keys = [state.authority, state.next, state.serving].compactMap { $0?.key }
        #expect(keys.count == 3)
        for key in keys {
            let line = try #require(key.split(separator: "\n").dropFirst().first)
            #expect(!text.contains(line))
        }
        #expect(!text.contains("PRIVATE KEY"))
    }

    @Test(
        "The host of a URL",
        arguments: [
            ("https://a.example:8443", "a.example"), ("https://192.0.2.7:18443/x", "192.0.2.7"),
            ("https://[fd00::1]:8443", "fd00::1"), ("https://A.Example", "a.example"), ("a.example", nil),
            ("https://", nil),
        ] as [(String, String?)])
    func hosts(url: String, host: String?) { #expect(ServingNames.host(of: url) == host) }
}
