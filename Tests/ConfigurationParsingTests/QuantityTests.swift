import Cluster
import Testing

@testable import TestBasics

@Suite("Quantities")
struct QuantityTests {
    @Test(
        "Spellings of one amount are equal",
        arguments: [
            ["1Gi", "1024Mi", "1048576Ki", "1073741824", "1073741824000m", "1.0Gi"],
            ["200m", ".2", "0.2", "0.20", "2e-1", "2E-1", "200000u", "200000000n"],
            ["1k", "1000", "1e3", "1E3", "1.e3", "+1k", "01k"],
            ["0", "0Mi", ".0", "0e9", "-0"],
            ["1E", "1000P", "1e18"],
            // What is finer than a billionth is rounded up.
            ["1n", ".1n", "0.0000000001"],
            // Kubernetes caps at 2⁶³−1.
            ["9223372036854775807", "99Ei", "1e30", "1e999999", "99999999999999999999999999999999999999999999"],
        ])
    func equal(texts: [String]) throws {
        let quantities = try texts.map { try Quantity($0) }
        #expect(Set(quantities).count == 1, "\(quantities)")
    }

    @Test(
        "Not quantities",
        arguments: [
            "", "Mi", ".", "-", "1 Mi", " 1", "1e", "1e+", "1e1.5", "1ee1", "1Kib", "1K", "1mi", "0x1", "1,5", "１",
        ])
    func refused(text: String) {
        #expect(throws: QuantityError.self) { try Quantity(text) }
    }

    @Test("Random quantities order as their numbers do", arguments: 1...50)
    func ordered(seed: UInt64) throws {
        var random = Seeded(state: seed)
        for _ in 0..<200 {
            let (a, b) = (Int.random(in: 0...1_000_000, using: &random), Int.random(in: 0...1_000_000, using: &random))
            let suffixes: [(String, Double)] = [
                ("", 1), ("k", 1e3), ("Ki", 1024), ("Mi", 1_048_576), ("m", 0.001), ("G", 1e9),
            ]
            guard let x = suffixes.randomElement(using: &random), let y = suffixes.randomElement(using: &random) else {
                continue
            }
            let (left, right) = (try Quantity("\(a)\(x.0)"), try Quantity("\(b)\(y.0)"))
            // These products are exact in a Double but for the last places of the thousandths.
            let (m, n) = (Double(a) * x.1, Double(b) * y.1)
            guard abs(m - n) > 0.0001 else { continue }
            #expect((left < right) == (m < n), "seed \(seed): \(a)\(x.0) \(b)\(y.0)")
        }
    }

    @Test("Shown to people")
    func shown() throws {
        #expect(try Quantity("2900Mi").asMemory == "2900Mi")
        #expect(try Quantity("1024Mi").asMemory == "1Gi")
        #expect(try Quantity("1536Mi").asMemory == "1536Mi")
        #expect(try Quantity("16391244Ki").asMemory == "15.6Gi")
        #expect(try Quantity("512").asMemory == "512")
        #expect(try Quantity("0").asMemory == "0")
        #expect(try Quantity(".2").asCPU == "200m")
        #expect(try Quantity("4000m").asCPU == "4")
        #expect(try Quantity("100u").asCPU == "1m")
        #expect(try (Quantity("10Mi") * 3 + Quantity("2Mi")) == Quantity("32Mi"))
    }
}
