import ImageSets
import Shared
import Testing

@testable import ConfigurationParsing

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
