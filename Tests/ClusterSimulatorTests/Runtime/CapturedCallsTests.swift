import ClusterModel
import Shared
import SwiftProtobuf
import Testing

@testable import ClusterSimulator

/// Every answer of a simulated runtime is held against what a real one gave to the same calls in the same order.
@Suite struct CapturedCallsTests {
    @Test(arguments: RuntimeFlavour.allCases) func answersAreThoseOfTheRealRuntime(_ flavour: RuntimeFlavour)
        async throws
    {
        let calls = CapturedCall.of(flavour)
        try #require(calls.count == 43)
        let replay = try await CallReplay(flavour)
        var compared = 0
        for (number, call) in calls.enumerated() {
            let outcome = try await replay.outcome(of: call)
            if let expected = call.outcome {
                #expect(outcome == expected, "call \(number): \(call.verb) \(call.argument)")
                compared += 1
            } else {
                Self.compareCut(call, outcome)
            }
        }
        #expect(compared >= 41)
        await replay.cluster.stop()
    }

    /// Two captures are cut off.
    private static func compareCut(_ call: CapturedCall, _ outcome: CallOutcome) {
        switch outcome {
        case .images(let images):
            // Both containerds ignore the filter: images come that weren't asked for.
            #expect(images.count > 1)
            #expect(call.text.split(separator: #""id":"#).count > 2)
        case .conditions(let conditions):
            for condition in conditions {
                let (type, state) = (condition.prefix { $0 != ":" }, condition.hasSuffix("true"))
                // What is false isn't written.
                let written = state ? #""type":"\#(type)","status":true"# : #""type":"\#(type)","reason""#
                #expect(call.text.contains(written), "\(condition)")
            }
        default: Issue.record("\(call.verb) is compared with nothing")
        }
    }

    /// A plain manifest of another platform is taken without complaint; verbose status tells what it is.
    @Test(arguments: RuntimeFlavour.allCases) func verboseStatusTellsThePlatform(_ flavour: RuntimeFlavour) async throws
    {
        let replay = try await CallReplay(flavour)
        for (name, architecture) in [("armonly:1", "arm64"), ("small:1", "amd64")] {
            let image = CRIImageSpec.with { $0.image = "registry.example.com:5000/\(name)" }
            let _: CRIPullImageResponse = try await replay.ask(
                "ImageService/PullImage", CRIPullImageRequest.with { $0.image = image })
            for isVerbose in [true, false] {
                let request = CRIImageStatusRequest.with {
                    $0.image = image
                    $0.verbose = isVerbose
                }
                let status: CRIImageStatusResponse = try await replay.ask("ImageService/ImageStatus", request)
                let info = try status.info["info"].map(Fact.parse)
                #expect(info?.at("imageSpec", "architecture") == (isVerbose ? .string(architecture) : nil))
                #expect(info?.at("imageSpec", "os") == (isVerbose ? "linux" : nil))
            }
        }
        await replay.cluster.stop()
    }
}
