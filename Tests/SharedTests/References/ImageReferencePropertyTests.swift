import Foundation
import Shared
import Testing

/// What holds for every reference, tried on thousands of random ones.
@Suite struct ImageReferencePropertyTests {
    private let seed = UInt64.random(in: 0...UInt64.max)

    private func text(_ alphabet: String, _ lengths: ClosedRange<Int>, _ random: inout SeededGenerator) -> String {
        let characters = Array(alphabet)
        return String(
            (0..<Int.random(in: lengths, using: &random)).map { _ in
                characters[Int.random(in: characters.indices, using: &random)]
            })
    }

    /// A reference made by the grammar, with the parts that it must be read as.
    private func valid(
        _ random: inout SeededGenerator
    ) -> (text: String, registry: String?, repository: String, tag: String?, digest: String?) {
        let lower = "abcdefghijklmnopqrstuvwxyz0123456789"
        func component() -> String {
            var whole = text(lower, 1...6, &random)
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                whole += [".", "_", "__", "-", "--", "-----"].randomElement(using: &random) ?? "-"
                whole += text(lower, 1...4, &random)
            }
            return whole
        }
        var registry: String?
        if Bool.random(using: &random) {
            let hosts = [
                "localhost", "[::1]", "[fe80::a:b]", "10.0.0.\(Int.random(in: 0...255, using: &random))",
                text(lower + "ABC", 1...5, &random) + "." + text(lower, 1...3, &random), "UPPER",
            ]
            let host = hosts.randomElement(using: &random) ?? "localhost"
            // A bracketed address is known as a registry by its colons; the others by dot, case or name.
            registry = host + (Bool.random(using: &random) ? ":\(Int.random(in: 1...65535, using: &random))" : "")
        }
        // Without a registry, a first component with a dot would be taken for one.
        var components = (0..<Int.random(in: 1...3, using: &random)).map { _ in component() }
        if registry == nil { components[0] = text(lower, 2...8, &random) + "x" }
        let repository = components.joined(separator: "/")
        let tag =
            Bool.random(using: &random)
            ? text(lower + "ABCXYZ_", 1...1, &random) + text(lower + "AB_.-", 0...20, &random) : nil
        let digest =
            Int.random(in: 0...2, using: &random) == 0 ? "sha256:" + text("0123456789abcdef", 64...64, &random) : nil
        let whole = [registry.map { $0 + "/" }, repository, tag.map { ":" + $0 }, digest.map { "@" + $0 }]
        return (whole.compactMap { $0 }.joined(), registry, repository, tag, digest)
    }

    @Test func validReferencesAreReadAsTheyWereMade() throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<1500 {
            let made = valid(&random)
            let comment = Comment(rawValue: "seed \(seed): \(made.text)")
            guard let read = try? ImageReference(made.text) else {
                Issue.record("refused; seed \(seed): \(made.text)")
                continue
            }
            #expect(read.registry == made.registry ?? "docker.io", comment)
            let isShort = made.registry == nil && !made.repository.contains("/")
            #expect(read.repository == (isShort ? "library/" : "") + made.repository, comment)
            #expect(read.digest == made.digest, comment)
            #expect(read.tag == (made.digest == nil ? made.tag ?? "latest" : nil), comment)
        }
    }

    @Test func normalisingTwiceChangesNothing() throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<1500 {
            let text = valid(&random).text
            let once = try ImageReference(text)
            let twice = try ImageReference(once.normalised)
            #expect(twice.normalised == once.normalised, "seed \(seed): \(text)")
            #expect(twice.written == once.normalised, "seed \(seed): \(text)")
            let isSame = once.matches(tags: [twice.normalised], digests: [twice.normalised])
            #expect(isSame, "seed \(seed): \(text)")
        }
    }

    /// Nothing crashes, and what is accepted keeps the properties of a reference.
    @Test func anyBytesAreAnswered() {
        var random = SeededGenerator(seed: seed)
        let pieces = [
            "a", "Z", "0", ".", "_", "-", "/", ":", "@", "[", "]", " ", "\n", "é", "\u{0}", "sha256:", "👍", ":5000",
        ]
        for round in 0..<5000 {
            let text: String
            if round.isMultiple(of: 2) {
                text = (0..<Int.random(in: 0...10, using: &random)).compactMap { _ in
                    pieces.randomElement(using: &random)
                }.joined()
            } else {
                let bytes = (0..<Int.random(in: 0...20, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                text = String(decoding: bytes, as: UTF8.self)
            }
            guard let reference = try? ImageReference(text) else { continue }
            let again = try? ImageReference(reference.normalised)
            #expect(again?.normalised == reference.normalised, "seed \(seed): \(text)")
            #expect(reference.name.utf8.count <= 255)
            #expect(reference.repository == reference.repository.lowercased())
        }
    }

    /// One changed character makes another reference or none: two texts never mean the same by accident.
    @Test func mutationsAreNoticed() {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<1500 {
            let made = valid(&random)
            guard made.digest == nil, made.tag != nil, let original = try? ImageReference(made.text) else { continue }
            var bytes = Array(made.text.utf8)
            let index = Int.random(in: bytes.indices, using: &random)
            let byte = UInt8.random(in: 0x21...0x7E, using: &random)
            guard bytes[index] != byte else { continue }
            bytes[index] = byte
            guard let mutated = try? ImageReference(String(decoding: bytes, as: UTF8.self)) else { continue }
            #expect(mutated.normalised != original.normalised, "seed \(seed): \(made.text) and \(mutated.written)")
        }
    }

    @Test func codableKeepsWhatWasWritten() throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let reference = try ImageReference(valid(&random).text)
            let bytes = try JSONEncoder().encode([reference])
            #expect(try JSONDecoder().decode([ImageReference].self, from: bytes) == [reference], "seed \(seed)")
        }
        let error = #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([ImageReference].self, from: Data(#"["Nginx"]"#.utf8))
        }
        #expect("\(error.map { "\($0)" } ?? "")".contains("lower case"))
    }
}
