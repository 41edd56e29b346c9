import Logging
import Testing

@testable import NodeAgent

@Suite struct AgentConfigurationTests {
    private let good = [
        "IMAGE_PULLER_NODE": "n1", "IMAGE_PULLER_SERVER": "https://coordinator:8443/",
        "IMAGE_PULLER_TOKEN_FILE": "/token", "IMAGE_PULLER_RUNTIME_SOCKETS": "/run/a.sock, /run/b.sock",
    ]

    @Test func whatIsNeededIsEnough() throws {
        let configuration = try AgentConfiguration(environment: good)
        #expect(configuration.server == "https://coordinator:8443")
        #expect(configuration.runtimeSockets == ["/run/a.sock", "/run/b.sock"])
        #expect(configuration.imageRoot == "/")
        #expect(configuration.caFile == nil)
        #expect(configuration.logLevel == .info)
    }

    @Test func everythingThatIsMissingIsNamedAtOnce() {
        #expect {
            try AgentConfiguration(environment: ["IMAGE_PULLER_NODE": ""])
        } throws: { error in
            good.keys.allSatisfy { "\(error)".contains($0) }
        }
    }

    @Test(arguments: [
        ("IMAGE_PULLER_SERVER", "coordinator:8443"), ("IMAGE_PULLER_SERVER", "https://"),
        ("IMAGE_PULLER_SERVER", "https://user@host"), ("IMAGE_PULLER_SERVER", "http://coordinator:8443"),
        ("IMAGE_PULLER_RUNTIME_SOCKETS", "run/a.sock"),
        ("IMAGE_PULLER_LOG_LEVEL", "loud"), ("IMAGE_PULLER_LOG_FORMAT", "xml"),
    ])
    func whatIsWrongIsNamed(name: String, value: String) {
        #expect {
            try AgentConfiguration(environment: good.merging([name: value]) { $1 })
        } throws: { error in
            "\(error)".contains(name)
        }
    }
}
