import Planning
import Shared
import Testing

@testable import Coordinator

/// A generator that a test can name the seed of (SplitMix64).
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// The options of a coordinator that knows its own image.
let standardOptions = ConfigurationOptions(defaultAgentImage: "registry.example.com/image-puller:1")

/// Decides with the template's size out of the way.
func decide(
    _ data: [String: String], annotations: [String: String] = [:], last: Configuration? = nil,
    options: ConfigurationOptions = standardOptions
) -> ConfigurationDecision {
    ConfigurationParser(options: options).decide(
        ConfigMapContent(data: data, annotations: annotations), last: last, templateBytes: { _ in 0 })
}

/// A configuration that was accepted before.
func accepted(_ images: String) throws -> Configuration {
    try #require(decide(["IMAGES": images]).configuration)
}

extension ConfigurationDecision {
    /// `name=reference` of each image, in order.
    var images: [String]? {
        configuration?.images.map { "\($0.name)=\($0.reference.written)" }
    }

    /// The findings, as the user reads them.
    var texts: [String] { findings.map(\.description) }

    var isRejected: Bool { configuration == nil }
}
